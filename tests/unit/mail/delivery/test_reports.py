"""Reports and what they report are one commit; who hears what is tried by tests/transcripts/test_dsn.py."""

import msgspec
import pytest

from skrytka.mail.delivery.reports import asked_of, confirmations, wants
from skrytka.mail.delivery.types import Asked, Resolution
from skrytka.model.address import NULL_REVERSE_PATH, Address
from skrytka.model.envelope import Notify, Recipient
from skrytka.model.errors import Reason, TransientError
from skrytka.model.events import FaultRaised, MessageDelivered, MessageQuarantined, ReportSent
from skrytka.store.commands.outbound import Post
from tests.support.dsn import reports
from tests.support.outside import Outside, to
from tests.unit.mail.world import ACTOR, PASSWORD, World, fails

NEVER, SUCCESS, FAILURE, DELAY = Notify.NEVER, Notify.SUCCESS, Notify.FAILURE, Notify.DELAY


def test_without_notify_failure_and_delay_are_wanted() -> None:
    assert [wants(to(), event) for event in (FAILURE, DELAY, SUCCESS)] == [True, True, False]
    assert not any(wants(to("x@example.net", NEVER), event) for event in (FAILURE, DELAY, SUCCESS))


async def test_the_report_is_in_the_commit_of_the_message(world: World) -> None:
    outside = Outside(world, 1)
    await outside.submit(to("bob@example.test", SUCCESS))
    (command,) = [each for each in world.store.commands if isinstance(each, Post)]
    assert command.also is not None
    (copy,), (report,) = await world.inbox("bob"), reports(await world.inbox())
    delivered = [event for event in world.events.events if isinstance(event, MessageDelivered)]
    assert delivered[0].trace is not None
    assert report.field("Final-Log-ID").encode() in copy
    (told,) = [event for event in world.events.events if isinstance(event, ReportSent)]
    assert (told.actions, told.recipient, told.trace) == (("delivered",), "alice@example.test", delivered[0].trace)


async def test_a_commit_that_fails_leaves_neither_message_nor_report(world: World) -> None:
    outside = Outside(world, 1)
    world.store.failures[Post] = fails(TransientError(Reason.DISK_FULL))
    with pytest.raises(AssertionError, match="DISK_FULL"):
        await outside.submit(to("bob@example.test", SUCCESS))
    assert (await world.inbox("bob"), await world.inbox()) == ([], [])
    assert [event for event in world.events.events if isinstance(event, ReportSent)] == []
    assert list((world.root / "spool").iterdir()) == []


async def test_a_busy_store_does_not_make_the_report_twice(world: World) -> None:
    outside = Outside(world, 1)
    world.store.failures[Post] = fails(TransientError(Reason.STORE_BUSY))
    world.store.is_late = True  # it had happened after all
    await outside.submit(to("bob@example.test", SUCCESS))
    world.store.is_late = False
    assert await outside.local.run_once() == 1
    assert (len(await world.inbox("bob")), len(reports(await world.inbox()))) == (1, 1)


async def test_a_full_mailbox_takes_the_report_about_its_own_mail(world: World) -> None:
    await world.admin.accounts.set_quota("alice@example.test", 1, ACTOR)
    outside = Outside(world, 1)
    await outside.submit(to("bob@example.test", SUCCESS))
    await outside.submit(to("bob@example.test", SUCCESS))
    assert len(reports(await world.inbox())) == 2


@pytest.mark.parametrize("sender", ["nobody@example.test", "carol@example.test"])
async def test_nobody_to_report_to_is_a_fault_and_the_message_is_delivered(world: World, sender: str) -> None:
    await world.admin.accounts.add("carol@example.test", PASSWORD, ACTOR)
    await world.admin.accounts.suspend("carol@example.test", ACTOR)
    outside = Outside(world, 1)
    await outside.submit(to("bob@example.test", SUCCESS), sender=sender)
    assert len(await world.inbox("bob")) == 1
    assert await outside.queue() == []
    (fault,) = [event for event in world.events.events if isinstance(event, FaultRaised)]
    assert fault.fault == "F-report"


async def test_what_is_set_apart_was_not_delivered(world: World) -> None:
    outside = Outside(world, 1)
    world.inspector.poison = b"Hello"
    facts = msgspec.structs.replace(world.facts(), is_proven=True)
    (found,) = await world.resolve("bob@example.test")
    asked = Resolution(found.recipient, found.verdict, found.targets, to("bob@example.test", SUCCESS))
    incoming = outside.delivery.begin()
    await incoming.write(b"From: x@example.net\r\n\r\nHello\r\n")
    assert (await outside.delivery.deliver(facts, [asked], incoming)).reply.is_positive
    assert [event for event in world.events.events if isinstance(event, MessageQuarantined)]
    assert [event for event in world.events.events if isinstance(event, ReportSent)] == []


async def test_one_report_tells_of_all_recipients(world: World) -> None:
    await world.admin.aliases.add("sales@example.test", ["bob@example.test"], ACTOR)
    outside = Outside(world, 1)
    await outside.submit(
        to("bob@example.test", SUCCESS), to("sales@example.test", SUCCESS), to("admin@example.test", FAILURE)
    )
    (report,) = reports(await world.inbox())
    assert report.status.count("Final-Recipient: ") == 2
    assert "admin@example.test" not in report.status
    assert len(await world.inbox("bob")) == 1


async def test_members_of_a_group_count_without_success(world: World) -> None:
    await world.admin.aliases.add("team@example.test", ["bob@example.test", "admin@example.test"], ACTOR)
    facts = world.facts()
    proven = msgspec.structs.replace(facts, is_proven=True)
    bob, admin = await world.account("bob"), await world.account("admin")
    for notify, others in (({SUCCESS}, {NEVER}), ({SUCCESS, FAILURE}, {FAILURE}), (set(), set())):
        asked = Recipient(Address.parse("team@example.test"), frozenset(notify))
        (found,) = await world.resolve("team@example.test")
        resolution = Resolution(found.recipient, found.verdict, found.targets, asked)
        wishes = asked_of(proven, [resolution])
        first, second = found.targets[0].account, found.targets[1].account
        assert {first, second} == {bob, admin}
        assert wishes[first] == (Asked(asked, is_group=True),)
        assert wishes[second][0].recipient.notify == frozenset(others)
        assert asked_of(facts, [resolution]) == {}
        assert confirmations(facts, [resolution], 0) == []
        nobody = msgspec.structs.replace(proven, reverse_path=NULL_REVERSE_PATH)
        assert asked_of(nobody, [resolution]) == {}
        assert confirmations(nobody, [resolution], 0) == []
