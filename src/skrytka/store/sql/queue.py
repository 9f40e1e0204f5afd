"""The queue of this node: messages that wait, and recipients that are due."""

from typing import Any, Final

from skrytka.model.ids import AccountId
from skrytka.store.rows import QueueRow
from skrytka.store.statement import Query, Statement

INSERT_QUEUED = Statement(
    "INSERT INTO queue (queue_id, blob_id, wrapped_key, envelope, created_at_ms, kind, priority, account)"
    " VALUES (:queue_id, :blob_id, :wrapped_key, :envelope, :now_ms, :kind, :priority, :account)"
    " ON CONFLICT DO NOTHING RETURNING queue_id"
)
INSERT_RECIPIENT = Statement(
    "INSERT INTO queue_recipient (queue_id, number, recipient, due_at_ms, attempts, reason, lane, release_at_ms)"
    " VALUES (:queue_id, :number, :recipient, :due_at_ms, 0, :reason, :lane, :release_at_ms)"
)
DEFER_RECIPIENT = Statement(
    "UPDATE queue_recipient SET due_at_ms = :due_at_ms, attempts = attempts + 1, reason = :reason"
    " WHERE queue_id = :queue_id AND number = :number RETURNING attempts"
)
DELETE_RECIPIENT = Statement("DELETE FROM queue_recipient WHERE queue_id = :queue_id AND number = :number")
RECIPIENT_LEFT = Statement("SELECT number FROM queue_recipient WHERE queue_id = :queue_id LIMIT 1")
DELETE_QUEUED = Statement("DELETE FROM queue WHERE queue_id = :queue_id RETURNING blob_id")
# A release is as far from the time of queueing as its sender wanted, whatever becomes of that.
MEND_RELEASE = Statement(
    "UPDATE queue_recipient SET release_at_ms = release_at_ms + :sure_ms"
    " - (SELECT q.created_at_ms FROM queue q WHERE q.queue_id = queue_recipient.queue_id)"
    " WHERE release_at_ms > 0 AND queue_id IN"
    " (SELECT queue_id FROM queue WHERE created_at_ms > :latest_ms OR created_at_ms < :earliest_ms) RETURNING number"
)
MEND_DUE = Statement(
    "UPDATE queue_recipient SET due_at_ms = CASE WHEN release_at_ms > :now_ms THEN release_at_ms ELSE :now_ms END"
    " WHERE lane IN (0, 1, 2, 3) AND is_held = 0 AND ((due_at_ms > :latest_ms AND due_at_ms <> release_at_ms)"
    " OR (due_at_ms < release_at_ms AND release_at_ms > :now_ms)) RETURNING number"
)
MEND_QUEUED = Statement(
    "UPDATE queue SET created_at_ms = :sure_ms WHERE created_at_ms > :latest_ms OR created_at_ms < :earliest_ms"
    " RETURNING queue_id"
)

LANE_LOCAL: Final = 0  # of queue_recipient.lane: waits for a mailbox here

_DUE = Statement(
    "SELECT q.queue_id, r.number, q.blob_id, b.size, q.wrapped_key, q.envelope, r.recipient, r.due_at_ms, r.attempts,"
    " q.created_at_ms, r.reason, r.release_at_ms, r.is_told FROM queue_recipient r"
    " JOIN queue q ON q.queue_id = r.queue_id JOIN blob b ON b.blob_id = q.blob_id"
    " WHERE r.lane = 0 AND r.due_at_ms <= :now_ms AND r.is_held = 0"
    " ORDER BY r.due_at_ms, r.queue_id, r.number"
    " LIMIT :limit"
)
_WAITING = Statement(
    "SELECT count(DISTINCT q.blob_id) FROM queue q WHERE q.account = :account AND q.account > 0 AND EXISTS"
    " (SELECT 1 FROM queue_recipient r WHERE r.queue_id = q.queue_id AND r.release_at_ms > :now_ms)"
)
_NEXT_DUE = Statement("SELECT due_at_ms FROM queue_recipient WHERE lane = 0 AND is_held = 0 ORDER BY due_at_ms LIMIT 1")


def due(now_ms: int, limit: int) -> Query[list[QueueRow]]:
    """Recipients whose time has come, the longest waiting first."""
    rows: Any = yield _DUE(now_ms=now_ms, limit=limit)
    return [QueueRow._make(row) for row in rows]


def next_due() -> Query[int | None]:
    """When the next recipient is due; None with an empty queue."""
    rows: Any = yield _NEXT_DUE()
    return rows[0][0] if rows else None


def scheduled(account: AccountId, now_ms: int) -> Query[int]:
    """How many messages an account has waiting for their time (RFC 4865 6)."""
    ((count,),) = yield _WAITING(account=account, now_ms=now_ms)
    return count  # type: ignore[return-value]
