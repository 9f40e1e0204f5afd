"""What leaves, on both engines."""

import contextlib
from pathlib import Path

import pytest

from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId, QueueId
from skrytka.store.commands import (
    BlobIn,
    CollectBlobs,
    Complete,
    Later,
    Post,
    QueueDone,
    QueuedRecipient,
    QueueIn,
    RemoveAccount,
    ResumeAccount,
    Schedule,
    Settle,
    SuspendAccount,
)
from skrytka.store.files import BlobFiles, StorePaths
from skrytka.store.sql import messages, outbound, queue
from skrytka.store.statement import Statement, Value
from skrytka.store.work import Work
from tests.support.store import INBOX, Ids, StoreCase, blob, target


def leaving(case: StoreCase, *due: int, priority: int = 0, queue_id: QueueId | None = None) -> QueueIn:
    return QueueIn(
        queue_id=queue_id or case.ids.queue(),
        wrapped_key=b"w" * 60,
        envelope=b"sealed envelope",
        recipients=tuple(QueuedRecipient(b"to %d" % at, at) for at in due),
        priority=priority,
    )


async def post(case: StoreCase, *due: int, priority: int = 0) -> Post:
    command = Post(unit=case.ids.unit(), blob=blob(case.ids), queue=leaving(case, *due, priority=priority))
    await case.store.submit(command)
    return command


async def test_local_copies_and_the_queue_are_one_commit(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    queued = leaving(case, 100, 200)
    command = Post(unit=case.ids.unit(), blob=blob(case.ids), targets=(target(case.ids, alice),), queue=queued)
    answers = await case.store.submit(command)
    assert [answer.account for answer in answers] == [alice]
    assert await case.store.submit(command) == answers
    rows = await case.store.read(outbound.due(outbound.LANE_USUAL, now_ms=500, limit=10))
    assert [(row.recipient, row.sealed_recipient, row.kind, row.is_told) for row in rows] == [
        (0, b"to 100", 1, 0),
        (1, b"to 200", 1, 0),
    ]
    assert len(await case.store.read(messages.snapshot(alice, INBOX))) == 1
    assert await case.store.read(queue.due(now_ms=500, limit=10)) == []  # not the local courier's
    assert await case.store.read(queue.next_due()) is None
    await case.store.submit(Complete(unit=case.ids.unit(), queue_id=queued.queue_id, recipients=(0, 1)))
    assert await case.store.submit(CollectBlobs(unit=case.ids.unit())) == 0
    assert await case.store.read(messages.blob(command.blob.blob_id)) is not None


def test_the_blob_of_what_leaves_is_written_once(tmp_path: Path) -> None:
    ids = Ids()
    tx = Work(0, BlobFiles(StorePaths(tmp_path)), dict)
    queued = QueueIn(
        queue_id=ids.queue(), wrapped_key=b"w", envelope=b"e", recipients=(QueuedRecipient(b"r", 100),), priority=0
    )
    query = Post(unit=ids.unit(), blob=blob(ids), queue=queued).run(tx)
    written: list[tuple[Statement, Value]] = []
    with contextlib.suppress(StopIteration):
        statement, values = next(query)
        while True:
            written.append((statement, values.get("refs")))
            statement, values = query.send([(b"x",)])
    assert written == [(messages.INSERT_BLOB, 1), (queue.INSERT_QUEUED, None), (queue.INSERT_RECIPIENT, None)]


async def test_a_message_and_what_is_said_about_it_are_one_commit(case: StoreCase) -> None:
    alice, bob = await case.two_accounts()
    also = Post(unit=case.ids.unit(), blob=blob(case.ids), targets=(target(case.ids, alice),))
    command = Post(unit=case.ids.unit(), blob=blob(case.ids), targets=(target(case.ids, bob),), also=also)
    answers = await case.store.submit(command)
    assert [answer.account for answer in answers] == [bob]
    assert await case.store.submit(command) == answers
    assert [len(await case.store.read(messages.snapshot(who, INBOX))) for who in (alice, bob)] == [1, 1]
    nowhere = Post(unit=case.ids.unit(), blob=blob(case.ids))
    failing = Post(unit=case.ids.unit(), blob=blob(case.ids), targets=(target(case.ids, bob),), also=nowhere)
    with pytest.raises(PermanentError):
        await case.store.submit(failing)
    assert len(await case.store.read(messages.snapshot(bob, INBOX))) == 1


async def test_a_failed_post_leaves_neither(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    first = await post(case, 100)
    assert first.queue is not None
    again = leaving(case, 100, queue_id=first.queue.queue_id)
    with pytest.raises(PermanentError) as caught:
        await case.store.submit(
            Post(unit=case.ids.unit(), blob=blob(case.ids), targets=(target(case.ids, alice),), queue=again)
        )
    assert caught.value.reason is Reason.ALREADY_EXISTS
    assert await case.store.read(messages.snapshot(alice, INBOX)) == []
    with pytest.raises(PermanentError):
        await case.store.submit(Post(unit=case.ids.unit(), blob=blob(case.ids)))


async def test_each_priority_has_a_lane_and_a_lane_is_read_on_from_a_place(case: StoreCase) -> None:
    await post(case, 100, priority=-10)
    await post(case, 300, 300, 350)
    await post(case, 400, priority=10)
    for lane, due in ((outbound.LANE_URGENT, [400]), (outbound.LANE_USUAL, [300, 300]), (outbound.LANE_BULK, [100])):
        rows = await case.store.read(outbound.due(lane, now_ms=500, limit=2))
        assert [row.due_at_ms for row in rows] == due
    usual = await case.store.read(outbound.due(outbound.LANE_USUAL, 500, 2))
    place = (usual[0].due_at_ms, usual[0].queue_id, usual[0].recipient)
    rest = await case.store.read(outbound.due(outbound.LANE_USUAL, 500, 10, place))
    assert [(row.recipient, row.due_at_ms) for row in rest] == [(1, 300), (2, 350)]
    assert await case.store.read(outbound.next_due()) == 100


async def test_couriers_read_the_same_lane_and_no_message_is_two_of_theirs(case: StoreCase) -> None:
    for _ in range(12):
        await post(case, 300, 300)
    lane, now_ms = outbound.LANE_USUAL, 500
    everything = await case.store.read(outbound.due(lane, now_ms, 100))
    shares = [outbound.Share(number, 3) for number in range(3)]
    parts = [await case.store.read(outbound.due(lane, now_ms, 100, share=share)) for share in shares]
    assert sorted(row for part in parts for row in part) == everything
    assert sum(len({row.queue_id for row in part}) for part in parts) == 12


async def test_many_messages_are_settled_in_one_commit(case: StoreCase) -> None:
    first, second = await post(case, 100, 100), await post(case, 100)
    assert first.queue is not None
    assert second.queue is not None
    done = (QueueDone(first.queue.queue_id, (1,)), QueueDone(second.queue.queue_id, (0, 7)))
    later = (Later(first.queue.queue_id, (0,), 900, "4.4.1"),)
    await case.store.submit(Settle(unit=case.ids.unit(), done=done, later=later))
    (row,) = await case.store.read(outbound.listed(10))
    assert (row.queue_id, row.recipient, row.due_at_ms, row.attempts) == (first.queue.queue_id, 0, 900, 1)
    assert await case.store.submit(CollectBlobs(unit=case.ids.unit())) == 1  # the second message's


async def test_a_report_goes_in_as_what_it_reports_goes_out(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    command = await post(case, 100, 200)
    assert command.queue is not None
    queue_id = command.queue.queue_id
    report = Post(
        unit=case.ids.unit(),
        blob=blob(case.ids),
        targets=(target(case.ids, alice),),
        done=QueueDone(queue_id, (0,)),
        told=QueueDone(queue_id, (1,)),
    )
    await case.store.submit(report)
    (row,) = await case.store.read(outbound.message(queue_id))
    assert (row.recipient, row.is_told) == (1, 1)
    assert len(await case.store.read(messages.snapshot(alice, INBOX))) == 1
    stored = BlobIn(command.blob.blob_id, command.blob.size, command.blob.stored_size)
    relay = Post(unit=case.ids.unit(), blob=stored, queue=leaving(case, 5), done=QueueDone(queue_id, (1,)))
    await case.store.submit(relay)
    assert await case.store.read(outbound.message(queue_id)) == []
    assert await case.store.submit(CollectBlobs(unit=case.ids.unit())) == 0
    assert await case.store.read(messages.blob(command.blob.blob_id)) is not None


async def test_held_recipients_wait_until_they_are_released(case: StoreCase) -> None:
    command = await post(case, 100, 200)
    assert command.queue is not None
    queue_id = command.queue.queue_id

    def schedule(*recipients: int, due_at_ms: int = 300, is_held: bool) -> Schedule:
        return Schedule(
            unit=case.ids.unit(),
            messages=(QueueDone(queue_id, recipients),),
            due_at_ms=due_at_ms,
            is_held=is_held,
        )

    assert await case.store.submit(schedule(0, 1, 9, is_held=True)) == 2
    assert await case.store.read(outbound.due(outbound.LANE_USUAL, now_ms=10**15, limit=10)) == []
    assert await case.store.read(outbound.next_due()) is None
    assert [row.is_held for row in await case.store.read(outbound.listed(10))] == [1, 1]
    late = Settle(unit=case.ids.unit(), later=(Later(queue_id, (0,), 700, "timeout"),))
    await case.store.submit(late)  # an attempt that ends after somebody held it
    assert await case.store.read(outbound.next_due()) is None
    await case.store.submit(schedule(0, is_held=False))
    (row,) = await case.store.read(outbound.due(outbound.LANE_USUAL, now_ms=300, limit=10))
    assert (row.recipient, row.attempts) == (0, 0)


async def test_a_postponed_recipient_counts_its_attempts(case: StoreCase) -> None:
    command = await post(case, 100)
    assert command.queue is not None
    for _ in range(2):
        await case.store.submit(
            Settle(unit=case.ids.unit(), later=(Later(command.queue.queue_id, (0,), 900, "451 4.7.1"),))
        )
    assert await case.store.read(outbound.due(outbound.LANE_USUAL, now_ms=899, limit=10)) == []
    (row,) = await case.store.read(outbound.due(outbound.LANE_USUAL, now_ms=900, limit=10))
    assert (row.attempts, row.reason) == (2, "451 4.7.1")


def timed(case: StoreCase, release_at_ms: int) -> QueueIn:
    return QueueIn(
        queue_id=case.ids.queue(),
        wrapped_key=b"w" * 60,
        envelope=b"sealed envelope",
        recipients=(QueuedRecipient(b"r", release_at_ms),),
        release_at_ms=release_at_ms,
    )


async def test_what_is_to_go_later_waits_in_both_queues_from_one_commit_on(case: StoreCase) -> None:
    """RFC 4865 4.2: for mailboxes here too."""
    queued, local = timed(case, 900), timed(case, 900)
    command = Post(unit=case.ids.unit(), blob=blob(case.ids), queue=queued, local=local)
    for _ in range(2):  # the same unit: once
        assert await case.store.submit(command) == ()
    assert await case.store.read(outbound.due(outbound.LANE_USUAL, now_ms=899, limit=10)) == []
    assert await case.store.read(queue.due(now_ms=899, limit=10)) == []
    (outside,) = await case.store.read(outbound.due(outbound.LANE_USUAL, now_ms=900, limit=10))
    (here,) = await case.store.read(queue.due(now_ms=900, limit=10))
    assert (outside.queue_id, outside.release_at_ms, outside.since_ms) == (
        queued.queue_id,
        900,
        max(900, outside.created_at_ms),
    )
    assert (here.queue_id, here.release_at_ms) == (local.queue_id, 900)
    await case.store.submit(Complete(unit=case.ids.unit(), queue_id=local.queue_id, recipients=(0,)))
    assert await case.store.submit(CollectBlobs(unit=case.ids.unit())) == 0, "the other queue has the blob still"
    await case.store.submit(Settle(unit=case.ids.unit(), done=(QueueDone(queued.queue_id, (0,)),)))
    assert await case.store.submit(CollectBlobs(unit=case.ids.unit())) == 1


async def test_mail_of_this_server_alone_can_wait_too(case: StoreCase) -> None:
    local = timed(case, 900)
    await case.store.submit(Post(unit=case.ids.unit(), blob=blob(case.ids), local=local))
    assert await case.store.read(queue.next_due()) == 900
    assert [row.kind for row in await case.store.read(outbound.listed(10))] == [outbound.KIND_LOCAL]


async def test_an_administrators_hold_ends_without_the_senders_and_his_release_ends_both(case: StoreCase) -> None:
    queued = timed(case, 900)
    await case.store.submit(Post(unit=case.ids.unit(), blob=blob(case.ids), queue=queued))
    every = (QueueDone(queued.queue_id, (0,)),)

    async def due_after(**said: object) -> tuple[int, int]:
        await case.store.submit(Schedule(unit=case.ids.unit(), messages=every, due_at_ms=300, **said))  # type: ignore[arg-type]
        (row,) = await case.store.read(outbound.message(queued.queue_id))
        return row.due_at_ms, row.release_at_ms

    assert await due_after(is_held=True) == (outbound.NEVER_MS, 900)
    assert await due_after() == (900, 900)
    assert await due_after(is_released=True) == (300, 300)
    assert await due_after(is_released=True) == (300, 300)


async def test_the_share_of_an_account_is_what_waits_for_its_time(case: StoreCase) -> None:
    alice, bob = await case.two_accounts()
    for release_at_ms in (500, 900, 900):
        held = Post(unit=case.ids.unit(), blob=blob(case.ids), queue=timed(case, release_at_ms), account=alice)
        await case.store.submit(held)
    both = Post(unit=case.ids.unit(), blob=blob(case.ids), queue=timed(case, 900), local=timed(case, 900), account=bob)
    await case.store.submit(both)
    await case.store.submit(Post(unit=case.ids.unit(), blob=blob(case.ids), local=timed(case, 900), account=bob))
    await post(case, 900)
    counts = [await case.store.read(queue.scheduled(who, 500)) for who in (alice, bob, AccountId(0))]
    assert counts == [2, 2, 0]


async def test_what_an_account_has_scheduled_waits_while_it_is_suspended(case: StoreCase) -> None:
    alice, bob = await case.two_accounts()
    queued, local, other = timed(case, 900), timed(case, 900), timed(case, 900)
    await case.store.submit(Post(unit=case.ids.unit(), blob=blob(case.ids), queue=queued, local=local, account=alice))
    await case.store.submit(Post(unit=case.ids.unit(), blob=blob(case.ids), queue=other, account=bob))
    await post(case, 900)

    async def states() -> dict[bytes, tuple[int, int, str]]:
        rows = await case.store.read(outbound.listed(10))
        return {row.queue_id: (row.is_held, row.due_at_ms, row.reason) for row in rows}

    before = await states()
    assert await case.store.submit(SuspendAccount(unit=case.ids.unit(), account=alice)) == 2
    held = (1, outbound.NEVER_MS, outbound.SUSPENDED)
    assert await states() == before | {queued.queue_id: held, local.queue_id: held}
    assert await case.store.read(queue.due(now_ms=10**15, limit=10)) == []
    late = timed(case, 900)  # of a session that had not heard of it
    await case.store.submit(Post(unit=case.ids.unit(), blob=blob(case.ids), queue=late, account=alice))
    assert (await states())[late.queue_id] == held
    every = (QueueDone(local.queue_id, (0,)),)
    schedule = Schedule(unit=case.ids.unit(), messages=every, due_at_ms=1, is_held=True, reason="administrator")
    await case.store.submit(schedule)
    now_ms = case.clock.now_ms()
    assert await case.store.submit(ResumeAccount(unit=case.ids.unit(), account=alice)) == 2
    found = await states()
    assert found[queued.queue_id] == found[late.queue_id] == (0, now_ms, "")
    assert found[local.queue_id] == (1, outbound.NEVER_MS, "administrator"), "somebody else holds that"
    (row,) = await case.store.read(outbound.message(queued.queue_id))
    assert row.since_ms == now_ms, "it has been tried since now"


async def test_what_is_not_due_when_its_account_is_resumed_keeps_its_time(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    later_ms = case.clock.now_ms() + 10_000
    queued = timed(case, later_ms)
    await case.store.submit(Post(unit=case.ids.unit(), blob=blob(case.ids), queue=queued, account=alice))
    await case.store.submit(SuspendAccount(unit=case.ids.unit(), account=alice))
    await case.store.submit(ResumeAccount(unit=case.ids.unit(), account=alice))
    (row,) = await case.store.read(outbound.message(queued.queue_id))
    assert (row.is_held, row.due_at_ms, row.release_at_ms) == (0, later_ms, later_ms)


async def test_what_a_removed_account_has_scheduled_is_for_an_administrator(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    queued = timed(case, 900)
    await case.store.submit(Post(unit=case.ids.unit(), blob=blob(case.ids), queue=queued, account=alice))
    assert await case.store.submit(RemoveAccount(unit=case.ids.unit(), account=alice)) == 1
    (row,) = await case.store.read(outbound.message(queued.queue_id))
    assert (row.is_held, row.reason) == (1, outbound.REMOVED)


async def test_a_sender_is_told_once_of_each_thing(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    command = await post(case, 100, 200)
    assert command.queue is not None
    for what in (outbound.TOLD_DELAY, outbound.TOLD_LATE):
        told = QueueDone(command.queue.queue_id, (1,))
        await case.store.submit(
            Post(
                unit=case.ids.unit(),
                blob=blob(case.ids),
                targets=(target(case.ids, alice),),
                told=told,
                told_what=what,
            )
        )
        rows = await case.store.read(outbound.message(command.queue.queue_id))
        assert [row.is_told for row in rows] == [0, what]
