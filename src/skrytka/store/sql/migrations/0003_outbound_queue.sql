-- The queue also holds what leaves: kind 0 waits for a mailbox here, kind 1 for another server. docs/queue.md.

ALTER TABLE queue ADD COLUMN kind INTEGER NOT NULL DEFAULT 0;

ALTER TABLE queue ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;

ALTER TABLE queue_recipient ADD COLUMN is_held INTEGER NOT NULL DEFAULT 0;

ALTER TABLE queue_recipient ADD COLUMN is_told INTEGER NOT NULL DEFAULT 0;
