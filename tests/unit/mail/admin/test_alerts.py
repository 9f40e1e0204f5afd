from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.mail.admin.alerts import LINK_MS, AlertDeps, Alerts, read_token
from skrytka.mail.identity.attacks.arrivals import OddLogin
from skrytka.mail.identity.attacks.odd import Oddity
from skrytka.mail.identity.attacks.watching import Arrival
from skrytka.model.address import Address
from skrytka.protocol.reports.alert_mail import ENGLISH, POLISH
from skrytka.store.commands.places import ALERTS_MAX
from skrytka.store.sql import places
from tests.unit.mail.support import PeerFacts
from tests.unit.mail.world import ACTOR, World

ALICE = Address.parse("alice@example.test")


class Sent:
    def __init__(self) -> None:
        self.mails: list[tuple[str, Address, tuple[Address, ...]]] = []

    async def send(self, octets: bytes, from_: Address, to: Sequence[Address]) -> tuple[Address, ...]:
        from email import message_from_bytes, policy

        self.mails.append((message_from_bytes(octets, policy=policy.default).get_content(), from_, tuple(to)))
        return tuple(to)


def made(world: World, origin: str = "https://mail.example.test:8442") -> tuple[Alerts, Sent]:
    sent = Sent()
    deps = AlertDeps(
        store=world.store,
        sender=sent,
        clock=world.clock,
        random=world.random,
        hostname="mx.example.test",
        words=lambda: ENGLISH,
        origin=lambda: origin,
    )
    return Alerts(deps), sent


async def odd(world: World) -> OddLogin:
    arrival = Arrival(
        account=await world.account("alice"),
        address=ALICE,
        facts=PeerFacts(),
        mechanism="PLAIN",
        is_at_home=False,
        failures=0,
        is_under_attack=False,
    )
    return OddLogin(arrival=arrival, oddities=(Oddity.NEW_COUNTRY,), country="AU", at_ms=world.clock.now_ms())


async def test_the_link_of_an_alert_holds_for_a_day_and_is_kept_as_a_hash(world: World) -> None:
    alerts, sent = made(world)
    await alerts.odd_login(await odd(world))
    ((text, from_, to),) = sent.mails
    assert (str(from_), to) == ("postmaster@example.test", (ALICE,))
    (link,) = [line for line in text.splitlines() if line.startswith("https://mail.example.test:8442/not-me/")]
    found = read_token(link.rpartition("/")[2])
    assert found is not None
    account, token = found
    assert account == await world.account("alice")
    assert token.hex() not in link
    now_ms = world.clock.now_ms()
    assert await world.store.read(places.has_alert(account, token, now_ms))
    assert not await world.store.read(places.has_alert(account, token, now_ms + LINK_MS))


async def test_the_owner_reads_his_language_and_postmaster_the_domain_s(world: World) -> None:
    await world.admin.domains.set_language("example.test", "pl", ACTOR)
    await world.admin.accounts.set_language(str(ALICE), "en", ACTOR)
    alerts, sent = made(world)
    await alerts.odd_login(await odd(world))
    await alerts.locked(ALICE, "owner")
    assert "Somebody logged in to" in sent.mails[0][0]
    assert POLISH.locked.format(address=ALICE, actor="owner") in sent.mails[1][0]


@pytest.mark.parametrize("origin", ["https://mail.example.test:8442", ""])
async def test_nobodys_mailbox_is_filled_with_alerts(world: World, origin: str) -> None:
    alerts, sent = made(world, origin)
    for _ in range(ALERTS_MAX + 2):
        await alerts.odd_login(await odd(world))
    assert len(sent.mails) == ALERTS_MAX
    world.clock.advance(LINK_MS / 1000 + 1)
    await alerts.odd_login(await odd(world))
    assert len(sent.mails) == ALERTS_MAX + 1


async def test_without_pages_for_people_there_is_no_link(world: World) -> None:
    alerts, sent = made(world, "")
    await alerts.odd_login(await odd(world))
    assert "http" not in sent.mails[0][0]


async def test_who_answers_for_the_domain_hears_of_a_lock(world: World) -> None:
    alerts, sent = made(world)
    await alerts.locked(ALICE, "owner")
    ((text, _from, to),) = sent.mails
    assert "alice@example.test" in text
    assert [str(each) for each in to] == ["postmaster@example.test"]


@pytest.mark.parametrize(
    "text", ["", "-", "7-", "7-zz", "7-" + "a" * 38, "-" + "a" * 40, "²-" + "a" * 40, "9" * 19 + "-" + "a" * 40]
)
def test_what_is_no_token_is_none(text: str) -> None:
    assert read_token(text) is None


@given(st.text())
def test_any_text_is_a_token_or_none(text: str) -> None:
    found = read_token(text)
    assert found is None or len(found[1]) == 16
