-- Programs that people let into their mail (OAuth 2.1). Tokens, codes and secrets are kept as keyed hashes only.

CREATE TABLE oauth_client (
    client TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    redirect_uris BLOB NOT NULL,
    scopes TEXT NOT NULL,
    secret_mac BLOB,
    is_device INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL
) WITHOUT ROWID, STRICT;

CREATE TABLE oauth_grant (
    account INTEGER NOT NULL,
    grant_id BLOB NOT NULL,
    client TEXT NOT NULL,
    scopes TEXT NOT NULL,
    signed_in_at_ms INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL,
    used_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    refresh_mac BLOB,
    PRIMARY KEY (account, grant_id)
) WITHOUT ROWID, STRICT;

CREATE INDEX oauth_grant_by_client ON oauth_grant (client);

CREATE INDEX oauth_grant_by_expiry ON oauth_grant (expires_at_ms);

CREATE TABLE oauth_token (
    account INTEGER NOT NULL,
    mac BLOB NOT NULL,
    grant_id BLOB NOT NULL,
    scopes TEXT NOT NULL,
    issued_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    PRIMARY KEY (account, mac)
) WITHOUT ROWID, STRICT;

CREATE INDEX oauth_token_by_expiry ON oauth_token (expires_at_ms);

CREATE TABLE oauth_code (
    account INTEGER NOT NULL,
    mac BLOB NOT NULL,
    grant_id BLOB NOT NULL,
    client TEXT NOT NULL,
    redirect_uri TEXT NOT NULL,
    scopes TEXT NOT NULL,
    challenge TEXT NOT NULL,
    nonce TEXT NOT NULL,
    signed_in_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    is_used INTEGER NOT NULL,
    PRIMARY KEY (account, mac)
) WITHOUT ROWID, STRICT;

CREATE INDEX oauth_code_by_expiry ON oauth_code (expires_at_ms);

CREATE TABLE oauth_device (
    mac BLOB NOT NULL PRIMARY KEY,
    user_mac BLOB NOT NULL UNIQUE,
    grant_id BLOB NOT NULL,
    client TEXT NOT NULL,
    scopes TEXT NOT NULL,
    state TEXT NOT NULL,
    account INTEGER,
    signed_in_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL
) WITHOUT ROWID, STRICT;

CREATE INDEX oauth_device_by_expiry ON oauth_device (expires_at_ms);
