-- Search texts that are in no chunk stand in the order in which mail comes, so that a new one goes behind the last: beside
-- the others of its account each rewrote four pages.
CREATE TABLE single_text (
    email_id BLOB NOT NULL,
    account INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (email_id, account)
) WITHOUT ROWID, STRICT;

INSERT INTO single_text (email_id, account, sealed)
    SELECT email_id, account, sealed FROM search_text WHERE sealed IS NOT NULL ORDER BY email_id, account;

DELETE FROM search_text WHERE sealed IS NOT NULL;

ALTER TABLE search_text DROP COLUMN sealed;
