"""The queue of this node."""

import msgspec

from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId, QueueId
from skrytka.store.commands.base import Command, Tx
from skrytka.store.commands.shared import BlobIn, finish, put_blob
from skrytka.store.rows import QUEUE_SUBJECT, Op
from skrytka.store.sql import queue as sql
from skrytka.store.sql.outbound import KIND_LOCAL
from skrytka.store.statement import Query


class QueuedRecipient(msgspec.Struct, frozen=True, array_like=True):
    """One recipient, sealed under the node's queue key."""

    recipient: bytes
    due_at_ms: int
    reason: str = ""  # why it waits: a Reason's value


class QueueIn(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """A message for the queue, sealed under the node's queue key."""

    queue_id: QueueId
    wrapped_key: bytes
    envelope: bytes
    recipients: tuple[QueuedRecipient, ...]
    priority: int = 0
    release_at_ms: int = 0  # not before (RFC 4865); 0: at once


def put_in_queue(
    tx: Tx, blob: BlobIn, queue: QueueIn, *, kind: int, lane: int, account: AccountId | None = None
) -> Query[None]:
    """For the caller to count the reference to the blob that the queue owns. ALREADY_EXISTS: the id is taken."""
    if not (
        yield sql.INSERT_QUEUED(
            queue_id=queue.queue_id,
            blob_id=blob.blob_id,
            wrapped_key=queue.wrapped_key,
            envelope=queue.envelope,
            now_ms=tx.now_ms,
            kind=kind,
            priority=queue.priority,
            account=account or 0,
        )
    ):
        raise PermanentError(Reason.ALREADY_EXISTS, "the queue id is taken")
    for number, recipient in enumerate(queue.recipients):
        yield sql.INSERT_RECIPIENT(
            queue_id=queue.queue_id,
            number=number,
            recipient=recipient.recipient,
            due_at_ms=recipient.due_at_ms,
            reason=recipient.reason,
            lane=lane,
            release_at_ms=queue.release_at_ms,
        )
    tx.log(QUEUE_SUBJECT, Op.ENQUEUE, 0, (queue.queue_id, blob.blob_id, len(queue.recipients)))


class Enqueue(Command[None], frozen=True):
    """Take a message for mailboxes here into the queue."""

    queue_id: QueueId
    blob: BlobIn
    wrapped_key: bytes  # blob key under the node's queue key
    envelope: bytes  # sealed under the node's queue key
    recipients: tuple[QueuedRecipient, ...]

    def run(self, tx: Tx) -> Query[None]:
        if not self.recipients:
            raise PermanentError(Reason.NO_SUCH_OBJECT, "a queued message needs a recipient")
        if self.blob.spool_name is not None:
            tx.publish(self.blob.spool_name, self.blob.blob_id)
        queue = QueueIn(
            queue_id=self.queue_id, wrapped_key=self.wrapped_key, envelope=self.envelope, recipients=self.recipients
        )
        yield from put_in_queue(tx, self.blob, queue, kind=KIND_LOCAL, lane=sql.LANE_LOCAL)
        yield from put_blob(self.blob, 1)


class Defer(Command[None], frozen=True):
    """Recipients failed for now: try again at ``due_at_ms``. Those that are gone do not matter."""

    queue_id: QueueId
    recipients: tuple[int, ...]
    due_at_ms: int
    reason: str

    def run(self, tx: Tx) -> Query[None]:
        for number in self.recipients:
            yield sql.DEFER_RECIPIENT(
                queue_id=self.queue_id, number=number, due_at_ms=self.due_at_ms, reason=self.reason
            )
        tx.log(QUEUE_SUBJECT, Op.QUEUE_DEFER, 0, (self.queue_id, self.recipients, self.due_at_ms, self.reason))


class Complete(Command[None], frozen=True):
    """Recipients are done with, delivered or given up."""

    queue_id: QueueId
    recipients: tuple[int, ...]

    def run(self, tx: Tx) -> Query[None]:
        yield from finish(tx, self.queue_id, self.recipients)
