-- Directory: domains, accounts, addresses, credentials. docs/store.md describes every table.

CREATE TABLE meta (
    name TEXT NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL
) WITHOUT ROWID, STRICT;

INSERT INTO meta (name, value) VALUES ('directory', 0), ('domain', 0), ('account', 0);

CREATE TABLE domain (
    domain INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE account (
    account INTEGER NOT NULL PRIMARY KEY,
    address TEXT NOT NULL,
    domain INTEGER NOT NULL,
    status TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    removed_at_ms INTEGER
) STRICT;

CREATE TABLE address (
    key TEXT NOT NULL PRIMARY KEY,
    domain INTEGER NOT NULL,
    kind TEXT NOT NULL,
    account INTEGER,
    created_at_ms INTEGER NOT NULL
) WITHOUT ROWID, STRICT;

CREATE INDEX address_by_domain ON address (domain, key);

CREATE INDEX address_by_account ON address (account) WHERE account IS NOT NULL;

CREATE TABLE address_target (
    key TEXT NOT NULL,
    number INTEGER NOT NULL,
    target TEXT NOT NULL,
    PRIMARY KEY (key, number)
) WITHOUT ROWID, STRICT;

CREATE TABLE credential (
    account INTEGER NOT NULL,
    credential INTEGER NOT NULL,
    kind TEXT NOT NULL,
    verifier BLOB NOT NULL,
    created_at_ms INTEGER NOT NULL,
    PRIMARY KEY (account, credential)
) WITHOUT ROWID, STRICT;

-- Mail: every key begins with the account.

CREATE TABLE mail_account (
    account INTEGER NOT NULL PRIMARY KEY,
    state INTEGER NOT NULL,
    next_mailbox INTEGER NOT NULL,
    uidvalidity INTEGER NOT NULL,
    quota_bytes INTEGER NOT NULL,
    used_bytes INTEGER NOT NULL,
    messages INTEGER NOT NULL
) STRICT;

CREATE TABLE mailbox (
    account INTEGER NOT NULL,
    mailbox INTEGER NOT NULL,
    name_mac BLOB NOT NULL,
    name BLOB NOT NULL,
    role TEXT,
    uidvalidity INTEGER NOT NULL,
    uidnext INTEGER NOT NULL,
    modseq INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    unseen INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    is_subscribed INTEGER NOT NULL,
    PRIMARY KEY (account, mailbox)
) WITHOUT ROWID, STRICT;

CREATE UNIQUE INDEX mailbox_by_name ON mailbox (account, name_mac);

CREATE UNIQUE INDEX mailbox_by_role ON mailbox (account, role) WHERE role IS NOT NULL;

CREATE TABLE keyword (
    account INTEGER NOT NULL,
    bit INTEGER NOT NULL,
    name_mac BLOB NOT NULL,
    name BLOB NOT NULL,
    PRIMARY KEY (account, bit)
) WITHOUT ROWID, STRICT;

CREATE TABLE message (
    account INTEGER NOT NULL,
    mailbox INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    flags INTEGER NOT NULL,
    modseq INTEGER NOT NULL,
    size INTEGER NOT NULL,
    received_at_ms INTEGER NOT NULL,
    saved_at_ms INTEGER NOT NULL,
    email_id BLOB NOT NULL,
    thread_id BLOB NOT NULL,
    hold INTEGER NOT NULL,
    retention INTEGER NOT NULL,
    PRIMARY KEY (account, mailbox, uid)
) WITHOUT ROWID, STRICT;

CREATE TABLE vault (
    account INTEGER NOT NULL,
    mailbox INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    flags INTEGER NOT NULL,
    size INTEGER NOT NULL,
    received_at_ms INTEGER NOT NULL,
    saved_at_ms INTEGER NOT NULL,
    email_id BLOB NOT NULL,
    thread_id BLOB NOT NULL,
    hold INTEGER NOT NULL,
    retention INTEGER NOT NULL,
    deleted_at_ms INTEGER NOT NULL,
    PRIMARY KEY (account, mailbox, uid)
) WITHOUT ROWID, STRICT;

CREATE INDEX vault_by_age ON vault (deleted_at_ms);

CREATE TABLE content (
    account INTEGER NOT NULL,
    email_id BLOB NOT NULL,
    blob_id BLOB NOT NULL,
    wrapped_key BLOB NOT NULL,
    prefix BLOB NOT NULL,
    prefix_size INTEGER NOT NULL,
    digest BLOB NOT NULL,
    refs INTEGER NOT NULL,
    summary BLOB NOT NULL,
    PRIMARY KEY (account, email_id)
) WITHOUT ROWID, STRICT;

CREATE TABLE thread_ref (
    account INTEGER NOT NULL,
    mac BLOB NOT NULL,
    thread_id BLOB NOT NULL,
    PRIMARY KEY (account, mac)
) WITHOUT ROWID, STRICT;

CREATE TABLE blob (
    blob_id BLOB NOT NULL PRIMARY KEY,
    size INTEGER NOT NULL,
    stored_size INTEGER NOT NULL,
    refs INTEGER NOT NULL,
    stored BLOB
) STRICT;

CREATE INDEX blob_unreferenced ON blob (blob_id) WHERE refs = 0;

-- The queue of this node stands in the same file, so that mail and queue change in one commit.

CREATE TABLE queue (
    queue_id BLOB NOT NULL PRIMARY KEY,
    blob_id BLOB NOT NULL,
    wrapped_key BLOB NOT NULL,
    envelope BLOB NOT NULL,
    created_at_ms INTEGER NOT NULL
) WITHOUT ROWID, STRICT;

CREATE TABLE queue_recipient (
    queue_id BLOB NOT NULL,
    number INTEGER NOT NULL,
    recipient BLOB NOT NULL,
    due_at_ms INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (queue_id, number)
) WITHOUT ROWID, STRICT;

CREATE INDEX queue_by_due ON queue_recipient (due_at_ms);

-- The journal: what changed, in the order of commits.

CREATE TABLE journal (
    commit_no INTEGER NOT NULL,
    number INTEGER NOT NULL,
    unit BLOB NOT NULL,
    subject INTEGER NOT NULL,
    state INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    op TEXT NOT NULL,
    detail BLOB NOT NULL,
    before BLOB,
    answer BLOB,
    PRIMARY KEY (commit_no, number)
) WITHOUT ROWID, STRICT;

CREATE UNIQUE INDEX journal_by_unit ON journal (unit) WHERE answer IS NOT NULL;

CREATE INDEX journal_by_subject ON journal (subject, state);

CREATE TABLE journal_reader (
    name TEXT NOT NULL PRIMARY KEY,
    shipped_commit_no INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
