-- Large copies wait here, counted as references to their content, until one commit puts them into their mailbox.

CREATE TABLE staged (
    account INTEGER NOT NULL,
    stage BLOB NOT NULL,
    number INTEGER NOT NULL,
    flags INTEGER NOT NULL,
    size INTEGER NOT NULL,
    received_at_ms INTEGER NOT NULL,
    email_id BLOB NOT NULL,
    thread_id BLOB NOT NULL,
    hold INTEGER NOT NULL,
    retention INTEGER NOT NULL,
    staged_at_ms INTEGER NOT NULL,
    PRIMARY KEY (account, stage, number)
) WITHOUT ROWID, STRICT;

CREATE INDEX staged_by_age ON staged (staged_at_ms);

-- Names that are subscribed to without a mailbox of that name (RFC 9051 6.3.7).

CREATE TABLE subscription (
    account INTEGER NOT NULL,
    name_mac BLOB NOT NULL,
    name BLOB NOT NULL,
    PRIMARY KEY (account, name_mac)
) WITHOUT ROWID, STRICT;

-- Search text: sealed at delivery, then merged into chunks; a row has its own text or the number of its chunk.

CREATE TABLE search_text (
    account INTEGER NOT NULL,
    email_id BLOB NOT NULL,
    chunk INTEGER,
    sealed BLOB,
    PRIMARY KEY (account, email_id)
) WITHOUT ROWID, STRICT;

CREATE TABLE text_chunk (
    account INTEGER NOT NULL,
    chunk INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (account, chunk)
) STRICT;
