"""The queue as it leaves: messages for other servers, and what an administrator sees and does about all of it."""

from typing import Any, Final, NamedTuple

from skrytka.model.ids import AccountId, BlobId, QueueId
from skrytka.store.statement import Query, Statement

KIND_LOCAL: Final = 0
KIND_OUTBOUND: Final = 1
TOLD_DELAY: Final = 1  # of queue_recipient.is_told
TOLD_LATE: Final = 2
NEVER_MS: Final = 2**62  # when a held recipient is due
SUSPENDED: Final = "account_suspended"  # why it is held: whose mail it is
REMOVED: Final = "account_removed"
LANE_URGENT: Final = 1  # of queue_recipient.lane, which is looked through in this order
LANE_USUAL: Final = 2
LANE_BULK: Final = 3
LANES: Final = (LANE_URGENT, LANE_USUAL, LANE_BULK)
Place = tuple[int, QueueId, int]  # in a lane: due time, message, recipient
START: Final[Place] = (-1, QueueId(b""), 0)


class Share(NamedTuple):
    """Messages of one of ``of`` couriers, told apart by the last octet of their id, which is random."""

    number: int = 0
    of: int = 1

    @property
    def octets(self) -> tuple[bytes, bytes]:
        """The first and the last one of its messages."""
        first, behind = (256 * each // self.of for each in (self.number, self.number + 1))
        return bytes([first]), bytes([behind - 1])


WHOLE: Final = Share()

SCHEDULE = Statement(
    "UPDATE queue_recipient SET is_held = :is_held,"
    " due_at_ms = CASE WHEN release_at_ms > :due_at_ms THEN release_at_ms ELSE :due_at_ms END,"
    " reason = :reason WHERE queue_id = :queue_id AND number = :number RETURNING number"
)
RELEASE = Statement(
    "UPDATE queue_recipient SET release_at_ms = :now_ms"
    " WHERE queue_id = :queue_id AND number = :number AND release_at_ms > :now_ms"
)
DEFER = Statement(
    "UPDATE queue_recipient SET due_at_ms = :due_at_ms, attempts = attempts + 1, reason = :reason"
    " WHERE queue_id = :queue_id AND number = :number AND is_held = 0 RETURNING attempts"
)
# What an account has scheduled (RFC 4865) and what of it is tried again; not what somebody holds already.
HOLD_SCHEDULED = Statement(
    "UPDATE queue_recipient SET is_held = 1, due_at_ms = :never_ms, reason = :reason WHERE is_held = 0 AND queue_id IN"
    " (SELECT queue_id FROM queue WHERE account = :account AND account > 0) RETURNING number"
)
RESUME_SCHEDULED = Statement(
    "UPDATE queue_recipient SET is_held = 0, reason = '',"
    " release_at_ms = CASE WHEN release_at_ms > :now_ms THEN release_at_ms ELSE :now_ms END,"
    " due_at_ms = CASE WHEN release_at_ms > :now_ms THEN release_at_ms ELSE :now_ms END"
    " WHERE is_held = 1 AND reason = :reason AND queue_id IN"
    " (SELECT queue_id FROM queue WHERE account = :account AND account > 0) RETURNING number"
)
TOLD = Statement("UPDATE queue_recipient SET is_told = :told WHERE queue_id = :queue_id AND number = :number")

_COLUMNS: Final = (
    "q.queue_id, r.number, q.blob_id, b.size, q.wrapped_key, q.envelope, r.recipient, r.due_at_ms, r.attempts,"
    " q.created_at_ms, r.reason, q.kind, q.priority, r.is_held, r.is_told, r.release_at_ms FROM queue_recipient r"
    " JOIN queue q ON q.queue_id = r.queue_id JOIN blob b ON b.blob_id = q.blob_id"
)
_DUE = Statement(
    f"SELECT {_COLUMNS} WHERE r.lane = :lane AND r.due_at_ms <= :now_ms AND r.is_held = 0"
    " AND substr(r.queue_id, 16, 1) BETWEEN :first AND :last"
    " AND (r.due_at_ms, r.queue_id, r.number) > (:after_ms, :after_queue_id, :after_number)"
    " ORDER BY r.due_at_ms, r.queue_id, r.number LIMIT :limit"
)
_ALL = Statement(f"SELECT {_COLUMNS} ORDER BY r.queue_id, r.number LIMIT :limit")
_ONE = Statement(f"SELECT {_COLUMNS} WHERE q.queue_id = :queue_id ORDER BY r.number")
_NEXT_DUE = Statement("SELECT min(due_at_ms) FROM queue_recipient WHERE lane > 0")


class OutboundRow(NamedTuple):
    """A recipient of a queued message."""

    queue_id: QueueId
    recipient: int
    blob_id: BlobId
    size: int
    wrapped_key: bytes
    envelope: bytes  # sealed
    sealed_recipient: bytes
    due_at_ms: int
    attempts: int
    created_at_ms: int
    reason: str
    kind: int
    priority: int
    is_held: int
    is_told: int  # 1: the delay notice was sent; TOLD_LATE: that the time for its delivery has passed
    release_at_ms: int  # 0, or when its sender wanted it to go

    @property
    def since_ms(self) -> int:
        """Since when it is tried."""
        return max(self.created_at_ms, self.release_at_ms)


def hold_scheduled(account: AccountId, reason: str) -> Query[int]:
    """How many recipients are held now that were not."""
    return len((yield HOLD_SCHEDULED(account=account, reason=reason, never_ms=NEVER_MS)))


def resume_scheduled(account: AccountId, now_ms: int) -> Query[int]:
    """What was held for a suspension goes when its sender wanted it, or now; its age counts from then."""
    return len((yield RESUME_SCHEDULED(account=account, reason=SUSPENDED, now_ms=now_ms)))


def lane_of(priority: int) -> int:
    """Above 0 urgent, below it bulk."""
    return LANE_URGENT if priority > 0 else LANE_USUAL if priority == 0 else LANE_BULK


def due(lane: int, now_ms: int, limit: int, after: Place = START, share: Share = WHOLE) -> Query[list[OutboundRow]]:
    """Recipients of a lane whose time has come, the longest waiting first, from behind a place on."""
    first, last = share.octets
    after_ms, after_queue_id, after_number = after
    rows: Any = yield _DUE(
        lane=lane,
        now_ms=now_ms,
        limit=limit,
        after_ms=after_ms,
        after_queue_id=after_queue_id,
        after_number=after_number,
        first=first,
        last=last,
    )
    return [OutboundRow._make(row) for row in rows]


def listed(limit: int) -> Query[list[OutboundRow]]:
    """All recipients of the queue, the oldest messages first."""
    rows: Any = yield _ALL(limit=limit)
    return [OutboundRow._make(row) for row in rows]


def message(queue_id: QueueId) -> Query[list[OutboundRow]]:
    """The recipients of one message that are left."""
    rows: Any = yield _ONE(queue_id=queue_id)
    return [OutboundRow._make(row) for row in rows]


def next_due() -> Query[int | None]:
    """When the next recipient is due; None when none is."""
    rows: Any = yield _NEXT_DUE()
    at_ms: int | None = rows[0][0]
    return None if at_ms is None or at_ms >= NEVER_MS else at_ms
