-- Keys that sign what leaves; private_key is sealed, and NULL once the key is revoked.

CREATE TABLE dkim_key (
    domain INTEGER NOT NULL,
    selector TEXT NOT NULL,
    algorithm TEXT NOT NULL,
    state TEXT NOT NULL,
    public_key TEXT NOT NULL,
    private_key BLOB,
    created_at_ms INTEGER NOT NULL,
    changed_at_ms INTEGER NOT NULL,
    PRIMARY KEY (domain, selector)
) WITHOUT ROWID, STRICT;
