-- Mail that its sender wants to go later (RFC 4865): each recipient's time, and the account of which so much may wait.
-- docs/queue.md.

ALTER TABLE queue_recipient ADD COLUMN release_at_ms INTEGER NOT NULL DEFAULT 0;

ALTER TABLE queue ADD COLUMN account INTEGER NOT NULL DEFAULT 0;

CREATE INDEX queue_by_account ON queue (account) WHERE account > 0;
