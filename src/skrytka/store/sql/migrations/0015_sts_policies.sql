-- MTA-STS policies of other domains, found by a keyed hash of the domain.

CREATE TABLE sts_policy (
    domain BLOB NOT NULL PRIMARY KEY,
    fetched_at_ms INTEGER NOT NULL,
    sealed BLOB NOT NULL
) WITHOUT ROWID, STRICT;
