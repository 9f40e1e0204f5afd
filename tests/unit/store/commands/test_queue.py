"""The queue of the node, on both engines."""

import pytest

from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import QueueId
from skrytka.store.commands import (
    BlobIn,
    CollectBlobs,
    Complete,
    Defer,
    Deliver,
    Enqueue,
    QueueDone,
    QueuedRecipient,
)
from skrytka.store.sql import messages, queue
from tests.support.store import INBOX, StoreCase, blob, deliver, target


def enqueue(case: StoreCase, *due: int, queue_id: QueueId | None = None) -> Enqueue:
    recipients = tuple(QueuedRecipient(b"to %d" % at, at, "store_busy") for at in due)
    return Enqueue(
        unit=case.ids.unit(),
        queue_id=queue_id or case.ids.queue(),
        blob=blob(case.ids),
        wrapped_key=b"w" * 60,
        envelope=b"sealed envelope",
        recipients=recipients,
    )


async def test_recipients_are_due_in_their_order(case: StoreCase) -> None:
    first, second = enqueue(case, 300, 100), enqueue(case, 200, 900)
    await case.store.submit(first)
    await case.store.submit(second)
    rows = await case.store.read(queue.due(now_ms=500, limit=10))
    assert [(row.queue_id, row.recipient, row.sealed_recipient) for row in rows] == [
        (first.queue_id, 1, b"to 100"),
        (second.queue_id, 0, b"to 200"),
        (first.queue_id, 0, b"to 300"),
    ]
    row = rows[0]
    assert (row.blob_id, row.size, row.wrapped_key) == (first.blob.blob_id, first.blob.size, first.wrapped_key)
    assert (row.envelope, row.attempts, row.reason) == (b"sealed envelope", 0, "store_busy")
    assert len(await case.store.read(queue.due(now_ms=500, limit=2))) == 2
    assert await case.store.read(queue.next_due()) == 100


async def test_a_deferred_recipient_waits_and_counts_its_attempts(case: StoreCase) -> None:
    command = enqueue(case, 100)
    await case.store.submit(command)
    defer = Defer(unit=case.ids.unit(), queue_id=command.queue_id, recipients=(0, 5), due_at_ms=900, reason="timeout")
    for _ in range(2):  # the same unit: once
        await case.store.submit(defer)
    assert await case.store.read(queue.due(now_ms=800, limit=10)) == []
    (row,) = await case.store.read(queue.due(now_ms=900, limit=10))
    assert (row.attempts, row.reason) == (1, "timeout")


async def test_with_its_last_recipient_the_message_leaves_the_queue(case: StoreCase) -> None:
    command = enqueue(case, 100, 200)
    await case.store.submit(command)
    await case.store.submit(Complete(unit=case.ids.unit(), queue_id=command.queue_id, recipients=(0,)))
    assert await case.store.read(queue.next_due()) == 200
    await case.store.submit(Complete(unit=case.ids.unit(), queue_id=command.queue_id, recipients=(1,)))
    assert await case.store.read(queue.next_due()) is None
    assert await case.store.submit(CollectBlobs(unit=case.ids.unit())) == 1
    assert await case.store.read(messages.blob(command.blob.blob_id)) is None


async def test_delivery_out_of_the_queue_is_one_commit(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    command = enqueue(case, 100)
    await case.store.submit(command)
    stored = BlobIn(command.blob.blob_id, command.blob.size, command.blob.stored_size)
    out = Deliver(
        unit=case.ids.unit(),
        blob=stored,
        targets=(target(case.ids, alice),),
        done=QueueDone(command.queue_id, (0,)),
    )
    await case.store.submit(out)
    assert await case.store.read(queue.next_due()) is None
    assert await case.store.submit(CollectBlobs(unit=case.ids.unit())) == 0
    assert len(await case.store.read(messages.snapshot(alice, INBOX))) == 1
    assert await case.store.read(messages.blob(command.blob.blob_id)) is not None


async def test_a_refused_delivery_leaves_the_message_in_the_queue(case: StoreCase) -> None:
    command = enqueue(case, 100)
    await case.store.submit(command)
    out = deliver(case.ids, 77)
    with pytest.raises(PermanentError):
        await case.store.submit(
            Deliver(unit=out.unit, blob=out.blob, targets=out.targets, done=QueueDone(command.queue_id, (0,)))
        )
    assert await case.store.read(queue.next_due()) == 100


async def test_a_queue_id_is_taken_once(case: StoreCase) -> None:
    command = enqueue(case, 100)
    await case.store.submit(command)
    with pytest.raises(PermanentError) as caught:
        await case.store.submit(enqueue(case, 100, queue_id=command.queue_id))
    assert caught.value.reason is Reason.ALREADY_EXISTS
    with pytest.raises(PermanentError) as caught:
        await case.store.submit(enqueue(case))
    assert caught.value.reason is Reason.NO_SUCH_OBJECT
