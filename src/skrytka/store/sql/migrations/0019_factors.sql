-- Passwords that were; second factors; codes that work once; who has to have a second factor; what owners are to be told.

CREATE TABLE password_history (
    account INTEGER NOT NULL,
    number INTEGER NOT NULL,
    verifier BLOB NOT NULL,
    replaced_at_ms INTEGER NOT NULL,
    PRIMARY KEY (account, number)
) WITHOUT ROWID, STRICT;

CREATE TABLE factor (
    account INTEGER NOT NULL,
    factor INTEGER NOT NULL,
    kind TEXT NOT NULL,
    sealed BLOB NOT NULL,
    counter INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL,
    used_at_ms INTEGER,
    PRIMARY KEY (account, factor)
) WITHOUT ROWID, STRICT;

CREATE TABLE login_code (
    account INTEGER NOT NULL,
    kind TEXT NOT NULL,
    mac BLOB NOT NULL,
    created_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER,
    PRIMARY KEY (account, kind, mac)
) WITHOUT ROWID, STRICT;

CREATE TABLE mfa_rule (
    scope TEXT NOT NULL,
    subject TEXT NOT NULL,
    is_required INTEGER NOT NULL,
    grace_ms INTEGER NOT NULL,
    until_ms INTEGER,
    created_at_ms INTEGER NOT NULL,
    PRIMARY KEY (scope, subject)
) WITHOUT ROWID, STRICT;

CREATE TABLE notice (
    notice BLOB NOT NULL PRIMARY KEY,
    account INTEGER NOT NULL,
    what TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
