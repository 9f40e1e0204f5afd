-- What mail programs log in with beside the password, and what an account may do: docs/store.md.

INSERT INTO meta (name, value) VALUES ('app_password', 0);

-- mac is of a random secret that is kept nowhere; record and used are sealed.
CREATE TABLE app_password (
    account INTEGER NOT NULL,
    number INTEGER NOT NULL,
    mac BLOB NOT NULL,
    name_mac BLOB NOT NULL,
    record BLOB NOT NULL,
    created_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    used_at_ms INTEGER NOT NULL,
    used BLOB,
    PRIMARY KEY (account, number)
) WITHOUT ROWID, STRICT;

CREATE UNIQUE INDEX app_password_by_mac ON app_password (account, mac);

CREATE UNIQUE INDEX app_password_by_name ON app_password (account, name_mac);

CREATE TABLE client_certificate (
    account INTEGER NOT NULL,
    fingerprint BLOB NOT NULL,
    created_at_ms INTEGER NOT NULL,
    PRIMARY KEY (account, fingerprint)
) WITHOUT ROWID, STRICT;

CREATE UNIQUE INDEX client_certificate_by_fingerprint ON client_certificate (fingerprint);

CREATE TABLE account_control (
    account INTEGER NOT NULL PRIMARY KEY,
    control BLOB NOT NULL,
    changed_at_ms INTEGER NOT NULL
) STRICT;

-- mailbox 0: the whole account. rights are of IMAP's ACL (RFC 4314), for a mailbox only.
CREATE TABLE delegation (
    account INTEGER NOT NULL,
    delegate INTEGER NOT NULL,
    kind TEXT NOT NULL,
    mailbox INTEGER NOT NULL,
    rights TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    PRIMARY KEY (account, delegate, kind, mailbox)
) WITHOUT ROWID, STRICT;

CREATE INDEX delegation_by_delegate ON delegation (delegate);
