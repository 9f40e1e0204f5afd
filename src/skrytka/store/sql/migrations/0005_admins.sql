-- Administrators are marked: one of them answers for postmaster when nobody else does, and the last one stays.
-- Until now they were the accounts whose password is for the web only: their verifier ends with that word.

ALTER TABLE account ADD COLUMN is_admin INTEGER NOT NULL DEFAULT 0;

UPDATE account SET is_admin = 1 WHERE account IN (
    SELECT account FROM credential WHERE substr(verifier, length(verifier) - 2, 3) = CAST('web' AS BLOB)
);

CREATE INDEX account_admin ON account (account) WHERE is_admin = 1;
