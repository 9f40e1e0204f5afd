-- Roles beside that of an administrator, sessions of the web, keys of programs, approvals by a second person.
-- domain is "" for everywhere. Secrets are kept as keyed hashes only; records are sealed.

CREATE TABLE access_grant (
    account INTEGER NOT NULL,
    role TEXT NOT NULL,
    domain TEXT NOT NULL,
    given_at_ms INTEGER NOT NULL,
    PRIMARY KEY (account, role, domain)
) WITHOUT ROWID, STRICT;

INSERT INTO access_grant (account, role, domain, given_at_ms)
    SELECT account, 'system_admin', '', created_at_ms FROM account WHERE is_admin = 1;

CREATE TABLE web_session (
    account INTEGER NOT NULL,
    session BLOB NOT NULL,
    record BLOB NOT NULL,
    created_at_ms INTEGER NOT NULL,
    seen_at_ms INTEGER NOT NULL,
    proved_at_ms INTEGER NOT NULL,
    PRIMARY KEY (account, session)
) WITHOUT ROWID, STRICT;

CREATE TABLE api_key (
    account INTEGER NOT NULL,
    api_key BLOB NOT NULL,
    mac BLOB NOT NULL,
    record BLOB NOT NULL,
    created_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    used_at_ms INTEGER NOT NULL,
    PRIMARY KEY (account, api_key)
) WITHOUT ROWID, STRICT;

CREATE TABLE approval (
    approval BLOB NOT NULL PRIMARY KEY,
    account INTEGER NOT NULL,
    digest BLOB NOT NULL,
    state TEXT NOT NULL,
    record BLOB NOT NULL,
    asked_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    decided_by INTEGER,
    decided_at_ms INTEGER
) WITHOUT ROWID, STRICT;
