-- Where each account is at home: networks, countries and kinds of programs that it logged in from, as keyed hashes.

CREATE TABLE known_place (
    account INTEGER NOT NULL,
    kind TEXT NOT NULL,
    mac BLOB NOT NULL,
    first_at_ms INTEGER NOT NULL,
    last_at_ms INTEGER NOT NULL,
    PRIMARY KEY (account, kind, mac)
) WITHOUT ROWID, STRICT;

CREATE INDEX known_place_by_age ON known_place (last_at_ms);

CREATE INDEX known_place_by_first ON known_place (first_at_ms);

-- Accounts that somebody else was in: since when, and the password that they had, for the case that it was an error.

CREATE TABLE account_lock (
    account INTEGER NOT NULL PRIMARY KEY,
    since_ms INTEGER NOT NULL,
    reason TEXT NOT NULL,
    verifier BLOB
) STRICT;

-- What an alert's link holds, as a hash; used once, for a day.

CREATE TABLE login_alert (
    account INTEGER NOT NULL,
    token BLOB NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    PRIMARY KEY (account, token)
) WITHOUT ROWID, STRICT;
