-- Changes of the API that were sent with an Idempotency-Key: an empty record is one that is being worked on.

CREATE TABLE repeated (
    account INTEGER NOT NULL,
    repeat BLOB NOT NULL,
    digest BLOB NOT NULL,
    record BLOB NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    PRIMARY KEY (account, repeat)
) WITHOUT ROWID, STRICT;
