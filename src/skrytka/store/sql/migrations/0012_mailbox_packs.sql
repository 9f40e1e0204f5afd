-- UIDs, flags and MODSEQs of a large mailbox at one state, in one record: reading them row by row takes ten times as long.
-- A cache: whoever has to read all rows makes it; what has changed since is read behind it.
CREATE TABLE mailbox_pack (
    account INTEGER NOT NULL,
    mailbox INTEGER NOT NULL,
    state INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (account, mailbox)
) WITHOUT ROWID, STRICT;
