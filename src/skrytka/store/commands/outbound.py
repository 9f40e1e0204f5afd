"""What leaves: into the queue together with local copies, and out of it together with its DSN, one commit each."""

import msgspec

from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId, QueueId
from skrytka.store.commands.base import Command, Tx
from skrytka.store.commands.deliver import Deliver, Delivered, QueueDone, Target
from skrytka.store.commands.queue import QueueIn, put_in_queue
from skrytka.store.commands.shared import BlobIn, finish, leave
from skrytka.store.rows import QUEUE_SUBJECT, AccountStatus, Op
from skrytka.store.sql import outbound as sql
from skrytka.store.sql.directory import account_by_id
from skrytka.store.sql.queue import LANE_LOCAL
from skrytka.store.statement import Query


class Post(Command[tuple[Delivered, ...]], frozen=True):
    """One message into mailboxes and into the queue; ``done`` leaves the queue and ``told`` is marked with it.

    ``local`` is for mailboxes here and waits for its time. ``also`` is what is said about the message to its sender;
    its unit does not count. Answers for the targets in their order.
    """

    blob: BlobIn
    targets: tuple[Target, ...] = ()
    queue: QueueIn | None = None
    done: QueueDone | None = None
    told: QueueDone | None = None
    also: "Post | None" = None
    local: QueueIn | None = None
    account: AccountId | None = None  # of whose waiting mail it is, where its sender wants it to go later
    told_what: int = sql.TOLD_DELAY
    forwards: tuple[QueueIn, ...] = ()  # the same message under other reverse paths

    def run(self, tx: Tx) -> Query[tuple[Delivered, ...]]:
        leaving = (*(() if self.queue is None else (self.queue,)), *self.forwards)
        queues = len(leaving) + (self.local is not None)
        if not queues and not self.targets:
            raise PermanentError(Reason.NO_SUCH_OBJECT, "a posted message needs a recipient")
        deliver = Deliver(unit=self.unit, blob=self.blob, targets=self.targets)
        answers = yield from deliver.put(tx, queues)
        account = self.account
        for queue in leaving:
            lane = sql.lane_of(queue.priority)
            yield from put_in_queue(tx, self.blob, queue, kind=sql.KIND_OUTBOUND, lane=lane, account=account)
        if self.local is not None:
            yield from put_in_queue(tx, self.blob, self.local, kind=sql.KIND_LOCAL, lane=LANE_LOCAL, account=account)
        yield from _held_with(account)
        if self.done is not None:
            yield from finish(tx, self.done.queue_id, self.done.recipients)
        if self.told is not None:
            for number in self.told.recipients:
                yield sql.TOLD(queue_id=self.told.queue_id, number=number, told=self.told_what)
        if self.also is not None:
            yield from self.also.run(tx)
        return answers


def _held_with(account: AccountId | None) -> Query[None]:
    """Whose session did not know yet that he is suspended: his mail waits with the rest of it."""
    row = None if account is None else (yield from account_by_id(account))
    if account is not None and row is not None and row.status is not AccountStatus.ACTIVE:
        reason = sql.SUSPENDED if row.status is AccountStatus.SUSPENDED else sql.REMOVED
        yield from sql.hold_scheduled(account, reason)


class Later(msgspec.Struct, frozen=True, array_like=True):
    """Recipients of a message that failed for now."""

    queue_id: QueueId
    recipients: tuple[int, ...]
    due_at_ms: int
    reason: str


class Settle(Command[None], frozen=True):
    """What became of many messages, in one commit. What has left meanwhile does not matter, what is held stays held."""

    done: tuple[QueueDone, ...] = ()
    later: tuple[Later, ...] = ()
    late: tuple[QueueDone, ...] = ()  # whose sender need not hear again that it is late

    def run(self, tx: Tx) -> Query[None]:
        for done in self.done:
            yield from leave(done.queue_id, done.recipients)
        for later in self.later:
            for number in later.recipients:
                yield sql.DEFER(queue_id=later.queue_id, number=number, due_at_ms=later.due_at_ms, reason=later.reason)
        for late in self.late:
            for number in late.recipients:
                yield sql.TOLD(queue_id=late.queue_id, number=number, told=sql.TOLD_LATE)
        tx.log(QUEUE_SUBJECT, Op.QUEUE_SETTLE, 0, (self.done, self.later, self.late))


class Schedule(Command[int], frozen=True):
    """Hold, release or try now; attempts do not count. How many of the recipients were there.

    What its sender wanted to go later goes no sooner, unless ``is_released``.
    """

    messages: tuple[QueueDone, ...]
    due_at_ms: int
    is_held: bool = False
    reason: str = ""
    is_released: bool = False

    def run(self, tx: Tx) -> Query[int]:
        found = 0
        due_at_ms = sql.NEVER_MS if self.is_held else self.due_at_ms
        for message in self.messages:
            for number in message.recipients:
                if self.is_released:
                    yield sql.RELEASE(queue_id=message.queue_id, number=number, now_ms=self.due_at_ms)
                rows = yield sql.SCHEDULE(
                    queue_id=message.queue_id,
                    number=number,
                    due_at_ms=due_at_ms,
                    is_held=int(self.is_held),
                    reason=self.reason,
                )
                found += len(rows)
        tx.log(QUEUE_SUBJECT, Op.QUEUE_SCHEDULE, 0, (self.messages, due_at_ms, self.reason, self.is_released))
        return found
