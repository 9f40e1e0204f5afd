"""What becomes of mail that an alias would have passed on, had DMARC not asked to quarantine it."""

import msgspec
import pytest

from skrytka.mail.delivery.types import Resolution
from skrytka.mail.delivery.withheld import at_the_door, kept_here
from skrytka.model import reply
from skrytka.model.address import NULL_REVERSE_PATH, Address, ReversePath
from skrytka.model.errors import Reason, TransientError
from skrytka.model.events import ForwardWithheld, MessageRefused, SenderChecked
from skrytka.model.ids import TraceId
from skrytka.model.verdict import Action, Verdict
from skrytka.store.commands.deliver import Deliver
from tests.support.outside import Outside
from tests.unit.mail.world import ACTOR, World, fails

FORGED = b"From: ceo@bank.example\r\nSubject: x\r\n\r\nSend it.\r\n"
QUARANTINE = Verdict(Action.JUNK, reply.ACCEPTED, Reason.DMARC_QUARANTINE, detail="bank.example")
TRACE = TraceId(b"t" * 16)


def asks(world: World, policy: str = "v=DMARC1; p=quarantine") -> None:
    world.dns.txt("bank.example", "v=spf1 -all")
    world.dns.txt("_dmarc.bank.example", policy)


async def receive(outside: Outside, *recipients: str, path: str = "ceo@bank.example") -> Verdict:
    world = outside.world
    incoming = outside.delivery.begin_checked(is_leaving=True)
    await incoming.write(FORGED)
    reverse_path = ReversePath(Address.parse(path)) if path else NULL_REVERSE_PATH
    facts = msgspec.structs.replace(world.facts(), is_sender_checked=True, reverse_path=reverse_path)
    return await outside.delivery.deliver(facts, await world.resolve(*recipients), incoming)


def checked(world: World) -> SenderChecked:
    return [event for event in world.events.events if isinstance(event, SenderChecked)][-1]


async def test_it_is_refused_when_only_other_servers_would_have_it(world: World) -> None:
    asks(world)
    await world.admin.aliases.add("info@example.test", ["x@example.net"], ACTOR)
    outside = Outside(world, 1)
    verdict = await receive(outside, "info@example.test")
    assert (verdict.reply.code, verdict.reason) == (550, Reason.DMARC_QUARANTINE)
    assert "bank.example" in verdict.reply.lines[0]
    assert await outside.queue() == []
    event = checked(world)  # what a report tells the domain is what was done
    assert (event.disposition, event.override, event.comment) == ("reject", "local_policy", "not forwarded")
    assert isinstance(world.events.events[-1], MessageRefused)


async def test_members_here_have_it_in_junk(world: World) -> None:
    asks(world)
    await world.admin.aliases.add("team@example.test", ["alice@example.test", "x@example.net"], ACTOR)
    outside = Outside(world, 1)
    assert (await receive(outside, "team@example.test")).reply is reply.ACCEPTED
    assert (len(await world.inbox("alice", "Junk")), await outside.queue()) == (1, [])
    (event,) = (event for event in world.events.events if isinstance(event, ForwardWithheld))
    assert (event.recipients, event.kept_for, event.reason) == (
        ("x@example.net",),
        ("alice@example.test",),
        "dmarc_quarantine",
    )
    assert checked(world).disposition == "quarantine"


async def test_who_answers_for_the_domain_keeps_it_beside_others_mail(world: World) -> None:
    asks(world)
    await world.admin.aliases.add("info@example.test", ["x@example.net"], ACTOR)
    outside = Outside(world, 1)
    assert (await receive(outside, "alice@example.test", "info@example.test")).reply is reply.ACCEPTED
    assert [len(await world.inbox(name, "Junk")) for name in ("alice", "admin", "bob")] == [1, 1, 0]
    assert await outside.queue() == []


async def test_where_nobody_answers_for_it_all_of_it_is_refused(world: World) -> None:
    found = [
        Resolution(Address.parse("info@elsewhere.test"), QUARANTINE, outside=(Address.parse("x@example.net"),)),
        *await world.resolve("alice@example.test"),
    ]
    assert await kept_here(None, found, TRACE, Reason.DMARC_QUARANTINE) is None
    assert await kept_here(world.directory, found, TRACE, Reason.DMARC_QUARANTINE) is None
    assert at_the_door(QUARANTINE, found) is QUARANTINE  # alice gets it


async def test_what_may_go_on_goes_on(world: World) -> None:
    asks(world, "v=DMARC1; p=none")
    await world.admin.aliases.add("info@example.test", ["x@example.net"], ACTOR)
    outside = Outside(world, 1)
    assert (await receive(outside, "info@example.test")).reply is reply.ACCEPTED
    assert len(await outside.queue()) == 1


async def test_nothing_is_told_of_what_was_not_kept(world: World) -> None:
    asks(world)
    await world.admin.aliases.add("team@example.test", ["alice@example.test", "x@example.net"], ACTOR)
    outside = Outside(world, 1)
    world.store.failures[Deliver] = fails(TransientError(Reason.STORE_DOWN))
    assert (await receive(outside, "team@example.test")).reply.code == 451
    assert not [event for event in world.events.events if isinstance(event, ForwardWithheld)]


@pytest.mark.parametrize("action", [Action.ACCEPT, Action.REJECT, Action.DEFER])
def test_the_door_is_for_what_is_to_be_quarantined(action: Action) -> None:
    verdict = Verdict(action, reply.ACCEPTED)
    assert at_the_door(verdict, ()) is verdict
