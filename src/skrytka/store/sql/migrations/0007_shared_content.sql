-- References to a content beyond those that its own row counts: a COPY of thousands would else rewrite as many rows of
-- a kilobyte and more.
CREATE TABLE shared_content (
    account INTEGER NOT NULL,
    email_id BLOB NOT NULL,
    refs INTEGER NOT NULL,
    PRIMARY KEY (account, email_id)
) WITHOUT ROWID, STRICT;
