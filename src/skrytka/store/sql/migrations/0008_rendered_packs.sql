-- What IMAP makes of messages again and again (ENVELOPE, header fields...), 256 UIDs a row: opening them one by one takes
-- ten times as long. A cache: a row goes as soon as one of its messages leaves the mailbox.
CREATE TABLE rendered_pack (
    account INTEGER NOT NULL,
    mailbox INTEGER NOT NULL,
    low INTEGER NOT NULL,
    kind BLOB NOT NULL,
    messages INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (account, mailbox, low, kind)
) WITHOUT ROWID, STRICT;
