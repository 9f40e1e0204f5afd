import email.policy
from collections.abc import Sequence
from email import message_from_bytes

import pytest

from skrytka.mail.admin.notice_words import Language
from skrytka.mail.admin.notices import NoticeDeps, Notices
from skrytka.model.address import Address
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.store.commands.directory import RemoveAccount
from skrytka.store.sql import factors as sql
from tests.unit.mail.identity.test_factors import add_totp, factors, owner
from tests.unit.mail.world import ACTOR, World


class Sent:
    """Takes what would be delivered."""

    def __init__(self) -> None:
        self.mails: list[tuple[bytes, Address, list[Address]]] = []
        self.error: Exception | None = None

    async def send(self, octets: bytes, from_: Address, to: Sequence[Address]) -> tuple[Address, ...]:
        if self.error is not None:
            raise self.error
        self.mails.append((octets, from_, list(to)))
        return tuple(to)


def notices(world: World, sent: Sent, language: Language = "en") -> Notices:
    deps = NoticeDeps(store=world.store, sender=sent, language=lambda: language, clock=world.clock, random=world.random)
    return Notices(deps)


@pytest.mark.parametrize(
    ("language", "subject"),
    [
        ("en", "Your account: An app with one-time codes was added as a second factor"),
        ("pl", "Twoje konto: Dodano aplikację z kodami jednorazowymi jako drugi składnik"),
    ],
)
async def test_the_owner_is_told_once_in_his_language(world: World, language: Language, subject: str) -> None:
    seed = await add_totp(world, factors(world), await owner(world))
    sent = Sent()
    for _ in range(2):
        await notices(world, sent, language).run()
    ((octets, from_, to),) = sent.mails
    assert (str(from_), [str(each) for each in to]) == ("postmaster@example.test", ["alice@example.test"])
    read = message_from_bytes(octets, policy=email.policy.default)
    assert read["Subject"] == subject
    assert "alice@example.test" in read.get_content()
    assert "2027-01-15 08:00:00 UTC" in read.get_content()
    assert seed.reveal() not in octets
    assert await world.store.read(sql.notices(9)) == []


async def test_the_account_s_own_language_goes_before_the_server_s(world: World) -> None:
    await world.admin.accounts.set_language("alice@example.test", "pl", ACTOR)
    for name in ("alice", "bob"):
        await world.admin.factors.reset(f"{name}@example.test", ACTOR)
    sent = Sent()
    await notices(world, sent).run()
    subjects = {
        str(to[0]): message_from_bytes(octets, policy=email.policy.default)["Subject"] for octets, _, to in sent.mails
    }
    assert subjects["alice@example.test"].startswith("Twoje konto: ")
    assert subjects["bob@example.test"].startswith("Your account: ")


async def test_what_cannot_be_told_now_is_told_later(world: World) -> None:
    await world.admin.factors.reset("alice@example.test", ACTOR)
    sent = Sent()
    sent.error = TransientError(Reason.STORE_BUSY)
    with pytest.raises(TransientError):
        await notices(world, sent).run()
    assert len(await world.store.read(sql.notices(9))) == 1
    sent.error = None
    await notices(world, sent).run()
    assert len(sent.mails) == 1


async def test_nobody_is_told_about_an_account_that_is_gone(world: World) -> None:
    await world.admin.factors.reset("alice@example.test", ACTOR)
    rows = await world.store.read(sql.notices(9))
    alice = await world.account("alice")
    await world.store.submit(RemoveAccount(unit=world.admin.mfa._unit(), account=alice))
    sent = Sent()
    await notices(world, sent)._tell(rows[0])
    assert sent.mails == []


async def test_what_never_reaches_its_owner_keeps_nothing_from_others(world: World) -> None:
    for name in ("alice", "bob"):
        await world.admin.factors.reset(f"{name}@example.test", ACTOR)
    sent = Sent()
    sent.error = PermanentError(Reason.NO_SUCH_OBJECT)
    await notices(world, sent).run()
    assert await world.store.read(sql.notices(9)) == []
