"""The queue of this node: messages that wait, and recipients that are due."""

from typing import Any, Final

from skrytka.store.rows import QueueRow
from skrytka.store.statement import Query, Statement

INSERT_QUEUED = Statement(
    "INSERT INTO queue (queue_id, blob_id, wrapped_key, envelope, created_at_ms, kind, priority)"
    " VALUES (:queue_id, :blob_id, :wrapped_key, :envelope, :now_ms, :kind, :priority)"
    " ON CONFLICT DO NOTHING RETURNING queue_id"
)
INSERT_RECIPIENT = Statement(
    "INSERT INTO queue_recipient (queue_id, number, recipient, due_at_ms, attempts, reason, lane)"
    " VALUES (:queue_id, :number, :recipient, :due_at_ms, 0, :reason, :lane)"
)
DEFER_RECIPIENT = Statement(
    "UPDATE queue_recipient SET due_at_ms = :due_at_ms, attempts = attempts + 1, reason = :reason"
    " WHERE queue_id = :queue_id AND number = :number RETURNING attempts"
)
DELETE_RECIPIENT = Statement("DELETE FROM queue_recipient WHERE queue_id = :queue_id AND number = :number")
RECIPIENT_LEFT = Statement("SELECT number FROM queue_recipient WHERE queue_id = :queue_id LIMIT 1")
DELETE_QUEUED = Statement("DELETE FROM queue WHERE queue_id = :queue_id RETURNING blob_id")
MEND_DUE = Statement(
    "UPDATE queue_recipient SET due_at_ms = :now_ms"
    " WHERE lane IN (0, 1, 2, 3) AND due_at_ms > :latest_ms AND is_held = 0 RETURNING number"
)
MEND_QUEUED = Statement(
    "UPDATE queue SET created_at_ms = :sure_ms WHERE created_at_ms > :latest_ms OR created_at_ms < :earliest_ms"
    " RETURNING queue_id"
)

LANE_LOCAL: Final = 0  # of queue_recipient.lane: waits for a mailbox here

_DUE = Statement(
    "SELECT q.queue_id, r.number, q.blob_id, b.size, q.wrapped_key, q.envelope, r.recipient, r.due_at_ms, r.attempts,"
    " q.created_at_ms, r.reason FROM queue_recipient r JOIN queue q ON q.queue_id = r.queue_id"
    " JOIN blob b ON b.blob_id = q.blob_id WHERE r.lane = 0 AND r.due_at_ms <= :now_ms AND r.is_held = 0"
    " ORDER BY r.due_at_ms, r.queue_id, r.number"
    " LIMIT :limit"
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
