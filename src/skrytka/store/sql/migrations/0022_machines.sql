-- Machines that have, or may get, certificates of our own authority: the remote command line, later nodes and standbys.
-- An invitation is a row without enrolled_at_ms; its token is kept as a keyed hash and good once.

CREATE TABLE machine (
    account INTEGER NOT NULL,
    machine BLOB NOT NULL,
    purpose TEXT NOT NULL,
    record BLOB NOT NULL,
    token BLOB NOT NULL,
    token_until_ms INTEGER NOT NULL,
    enrolled_at_ms INTEGER NOT NULL,
    renewed_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    PRIMARY KEY (account, machine)
) WITHOUT ROWID, STRICT;
