-- Who somebody is at a provider of another house (OpenID Connect): one there for each provider of an account.
-- provider and identity are keyed hashes of the issuer, and of it with its subject; record is sealed.

CREATE TABLE outside_identity (
    account INTEGER NOT NULL,
    provider BLOB NOT NULL,
    identity BLOB NOT NULL,
    record BLOB NOT NULL,
    created_at_ms INTEGER NOT NULL,
    PRIMARY KEY (account, provider)
) WITHOUT ROWID, STRICT;

CREATE UNIQUE INDEX outside_identity_by_identity ON outside_identity (identity);
