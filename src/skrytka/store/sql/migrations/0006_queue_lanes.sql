-- What is due is found by lane and time: 0 for mailboxes here; for other servers 1 urgent, 2 usual, 3 bulk.

ALTER TABLE queue_recipient ADD COLUMN lane INTEGER NOT NULL DEFAULT 0;

UPDATE queue_recipient SET lane = (SELECT CASE WHEN q.kind = 0 THEN 0 WHEN q.priority > 0 THEN 1
    WHEN q.priority = 0 THEN 2 ELSE 3 END FROM queue q WHERE q.queue_id = queue_recipient.queue_id)
    WHERE EXISTS (SELECT 1 FROM queue q WHERE q.queue_id = queue_recipient.queue_id);

DROP INDEX queue_by_due;

CREATE INDEX queue_by_lane ON queue_recipient (lane, due_at_ms, queue_id, number);
