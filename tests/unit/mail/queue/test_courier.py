import os

import pytest

from skrytka.mail.delivery.inspection import Inspection
from skrytka.mail.delivery.message import Sealed
from skrytka.mail.delivery.summary import Insides
from skrytka.mail.queue.courier import BACK_OFF_S, GIVE_UP_MS
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.events import BugCaught, DeliveryDeferred, FaultRaised, MessageDelivered, MessageQuarantined
from skrytka.store.commands.deliver import Deliver
from skrytka.store.commands.queue import Defer
from tests.support.outside import Outside, to
from tests.unit.mail.world import MESSAGE, World, fails

BUSY = TransientError(Reason.STORE_BUSY)


async def queue(world: World, message: bytes, *recipients: str, is_late: bool = False) -> None:
    """A message in the queue, its first Deliver lost or (late) done but unanswered."""
    world.store.failures[Deliver] = fails(BUSY)
    world.store.is_late = is_late
    assert (await world.deliver(message, *recipients)).reply.is_positive
    world.store.is_late = False
    world.events.events.clear()


async def test_an_empty_queue_is_no_work(world: World) -> None:
    assert await world.courier.run_once() == 0


@pytest.mark.parametrize("extra", [b"", os.urandom(300_000).hex().encode()])
async def test_all_recipients_are_delivered_in_one_commit_and_leave_the_queue(world: World, extra: bytes) -> None:
    await queue(world, MESSAGE + extra, "alice@example.test", "bob@example.test")
    assert await world.courier.run_once() == 2
    for name in ("alice", "bob"):
        (content,) = await world.inbox(name)
        assert content.endswith(MESSAGE + extra)
        assert b"Return-Path: <bob@example.net>" in content
    assert await world.courier.run_once() == 0
    vias = [event.via for event in world.events.events if isinstance(event, MessageDelivered)]
    assert vias == ["queue", "queue"]


async def test_a_message_that_had_arrived_after_all_is_not_delivered_twice(world: World) -> None:
    await queue(world, MESSAGE, "alice@example.test", "bob@example.test", is_late=True)
    assert len(await world.inbox()) == 1
    await world.courier.run_once()
    assert (len(await world.inbox()), len(await world.inbox("bob"))) == (1, 1)
    assert await world.courier.run_once() == 0
    assert await world.courier.next_due_ms() is None


async def test_an_answer_that_was_lost_on_the_way_does_not_deliver_twice(world: World) -> None:
    await queue(world, MESSAGE)
    world.store.failures[Deliver] = fails(BUSY)
    world.store.is_late = True
    await world.courier.run_once()
    world.store.is_late = False
    world.clock.advance(3600)
    await world.courier.run_once()
    assert len(await world.inbox()) == 1
    assert await world.courier.next_due_ms() is None


async def test_failures_back_off_and_keep_the_trace(world: World) -> None:
    await queue(world, MESSAGE)
    waits = []
    for _ in range(4):
        world.store.failures[Deliver] = fails(BUSY)
        assert await world.courier.run_once() == 1
        due_at_ms = await world.courier.next_due_ms()
        assert due_at_ms is not None
        waits.append((due_at_ms - world.clock.now_ms()) // 1000)
        world.clock.advance(waits[-1])
    assert waits == [5, 15, 60, 300]
    deferred = [event for event in world.events.events if isinstance(event, DeliveryDeferred)]
    assert [event.attempts for event in deferred] == [1, 2, 3, 4]
    assert {event.recipient for event in deferred} == {"alice@example.test"}
    assert deferred[0].trace is not None
    await world.courier.run_once()
    assert len(await world.inbox()) == 1


async def test_one_account_that_is_gone_does_not_hold_up_the_others(world: World) -> None:
    await queue(world, MESSAGE, "alice@example.test", "bob@example.test")
    gone = PermanentError(Reason.NO_SUCH_OBJECT)
    world.store.failures[Deliver] = [gone, gone]  # both together, then alice alone
    await world.courier.run_once()
    assert (len(await world.inbox()), len(await world.inbox("bob"))) == (0, 1)
    (deferred,) = [event for event in world.events.events if isinstance(event, DeliveryDeferred)]
    assert (deferred.recipient, deferred.reason) == ("alice@example.test", "no_such_object")
    world.clock.advance(5)
    await world.courier.run_once()
    assert (len(await world.inbox()), len(await world.inbox("bob"))) == (1, 1)


async def test_after_five_days_a_copy_that_nobody_takes_is_given_up_with_a_fault(world: World) -> None:
    await queue(world, MESSAGE)
    world.clock.advance(GIVE_UP_MS / 1000 + 1)
    world.store.failures[Deliver] = [PermanentError(Reason.NO_SUCH_OBJECT)] * 2
    await world.courier.run_once()
    (fault,) = [event for event in world.events.events if isinstance(event, FaultRaised)]
    assert fault.fault == "F-queue-given-up"
    assert await world.courier.next_due_ms() is None


async def test_a_copy_that_was_to_wait_for_long_is_tried_as_long_as_any_other(world: World) -> None:
    outside = Outside(world, 1)
    await outside.submit(to("bob@example.test"), hold_s=GIVE_UP_MS // 1000)
    world.clock.advance(GIVE_UP_MS / 1000 + 1)
    world.store.failures[Deliver] = fails(BUSY)
    assert await outside.local.run_once() == 1
    world.clock.advance(BACK_OFF_S[0])
    assert await outside.local.run_once() == 1
    assert len(await world.inbox("bob")) == 1
    assert not [event for event in world.events.events if isinstance(event, FaultRaised)]


async def test_a_store_that_is_away_is_told_to_the_caller(world: World) -> None:
    await queue(world, MESSAGE)
    world.store.failures[Deliver] = fails(TransientError(Reason.STORE_DOWN))
    world.store.failures[Defer] = fails(TransientError(Reason.STORE_DOWN))
    with pytest.raises(TransientError):
        await world.courier.run_once()
    assert await world.courier.run_once() == 1
    assert len(await world.inbox()) == 1


async def test_a_poisoned_message_leaves_the_queue_for_the_quarantine(world: World) -> None:
    await queue(world, MESSAGE)
    world.inspector.poison = b"Hello"
    await world.courier.run_once()
    assert await world.courier.next_due_ms() is None
    assert await world.inbox() == []
    assert [event.recipient for event in world.events.events if isinstance(event, MessageQuarantined)] == [
        "alice@example.test"
    ]


async def test_a_bug_with_one_message_holds_up_no_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Inspection.of

    async def of(self: Inspection, sealed: Sealed) -> Insides:
        if sealed.content is not None and sealed.content.endswith(b"odd\r\n"):
            raise KeyError("a bug")
        return await real(self, sealed)

    for text in (b"odd\r\n", b""):
        world.store.failures[Deliver] = fails(BUSY)
        await world.deliver(MESSAGE + text)
    monkeypatch.setattr(Inspection, "of", of)
    for wait_s in (5, 15, 60):
        await world.courier.run_once()
        assert len(await world.inbox()) == 1
        world.clock.advance(wait_s)
    assert await world.courier.next_due_ms() is None
    assert len([event for event in world.events.events if isinstance(event, BugCaught)]) == 2
    (apart,) = [event for event in world.events.events if isinstance(event, MessageQuarantined)]
    assert (apart.recipient, apart.reason) == ("alice@example.test", "bug")


async def test_without_inspectors_it_waits_in_the_queue(world: World) -> None:
    await queue(world, MESSAGE)
    world.inspector.failures = [TransientError(Reason.INSPECTOR_DOWN)]
    await world.courier.run_once()
    (deferred,) = [event for event in world.events.events if isinstance(event, DeliveryDeferred)]
    assert deferred.reason == "inspector_down"
    world.clock.advance(5)
    await world.courier.run_once()
    assert len(await world.inbox()) == 1
