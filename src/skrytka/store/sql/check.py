"""Counts that stand in two places, compared: each statement gives the rows that differ."""

from skrytka.store.statement import Statement

MAILBOX_COUNTERS = Statement(
    "SELECT b.account, b.mailbox, b.messages, b.unseen, b.bytes, coalesce(m.messages, 0), coalesce(m.unseen, 0),"
    " coalesce(m.bytes, 0) FROM mailbox b LEFT JOIN (SELECT account, mailbox, count(*) AS messages,"
    " CAST(sum(CASE WHEN (flags & 1) = 0 THEN 1 ELSE 0 END) AS BIGINT) AS unseen, CAST(sum(size) AS BIGINT) AS bytes"
    " FROM message GROUP BY account, mailbox) m ON m.account = b.account AND m.mailbox = b.mailbox"
    " WHERE b.messages <> coalesce(m.messages, 0) OR b.unseen <> coalesce(m.unseen, 0)"
    " OR b.bytes <> coalesce(m.bytes, 0) ORDER BY b.account, b.mailbox"
)
MAILBOX_BOUNDS = Statement(
    "SELECT b.account, b.mailbox, b.uidnext, b.modseq, m.uid, m.modseq FROM mailbox b JOIN (SELECT account, mailbox,"
    " max(uid) AS uid, max(modseq) AS modseq FROM message GROUP BY account, mailbox) m"
    " ON m.account = b.account AND m.mailbox = b.mailbox WHERE b.uidnext <= m.uid OR b.modseq < m.modseq"
    " ORDER BY b.account, b.mailbox"
)
VAULT_BOUNDS = Statement(
    "SELECT b.account, b.mailbox, b.uidnext, v.uid FROM mailbox b JOIN (SELECT account, mailbox, max(uid) AS uid"
    " FROM vault GROUP BY account, mailbox) v ON v.account = b.account AND v.mailbox = b.mailbox"
    " WHERE b.uidnext <= v.uid ORDER BY b.account, b.mailbox"
)
LOST_MAILBOX = Statement(
    "SELECT m.account, m.mailbox, m.uid FROM message m LEFT JOIN mailbox b ON b.account = m.account"
    " AND b.mailbox = m.mailbox WHERE b.mailbox IS NULL ORDER BY m.account, m.mailbox, m.uid"
)
TWO_PLACES = Statement(
    "SELECT m.account, m.mailbox, m.uid FROM message m JOIN vault v ON v.account = m.account"
    " AND v.mailbox = m.mailbox AND v.uid = m.uid ORDER BY m.account, m.mailbox, m.uid"
)
ACCOUNT_COUNTERS = Statement(
    "SELECT a.account, a.messages, a.used_bytes, coalesce(m.messages, 0), coalesce(m.bytes, 0) FROM mail_account a"
    " LEFT JOIN (SELECT account, count(*) AS messages, CAST(sum(size) AS BIGINT) AS bytes FROM message"
    " GROUP BY account) m ON m.account = a.account"
    " WHERE a.messages <> coalesce(m.messages, 0) OR a.used_bytes <> coalesce(m.bytes, 0) ORDER BY a.account"
)
ACCOUNT_ROWS = Statement(
    "SELECT a.account FROM account a LEFT JOIN mail_account m ON m.account = a.account WHERE m.account IS NULL"
    " ORDER BY a.account"
)
CONTENT_REFS = Statement(
    "SELECT c.account, c.email_id, c.refs + coalesce(s.refs, 0), coalesce(m.refs, 0) FROM content c"
    " LEFT JOIN shared_content s ON s.account = c.account AND s.email_id = c.email_id"
    " LEFT JOIN (SELECT account, email_id, count(*) AS refs FROM (SELECT account, email_id FROM message"
    " UNION ALL SELECT account, email_id FROM vault UNION ALL SELECT account, email_id FROM staged) u"
    " GROUP BY account, email_id) m ON m.account = c.account AND m.email_id = c.email_id"
    " WHERE c.refs + coalesce(s.refs, 0) <> coalesce(m.refs, 0) ORDER BY c.account, c.email_id"
)
SHARED_CONTENT = Statement(
    "SELECT s.account, s.email_id, s.refs FROM shared_content s LEFT JOIN content c ON c.account = s.account"
    " AND c.email_id = s.email_id WHERE c.email_id IS NULL OR s.refs <= 0 ORDER BY s.account, s.email_id"
)
LOST_CONTENT = Statement(
    "SELECT u.account, u.mailbox, u.uid FROM (SELECT account, mailbox, uid, email_id FROM message UNION ALL"
    " SELECT account, mailbox, uid, email_id FROM vault) u LEFT JOIN content c ON c.account = u.account"
    " AND c.email_id = u.email_id WHERE c.email_id IS NULL ORDER BY u.account, u.mailbox, u.uid"
)
PACKS = Statement(
    "SELECT p.account, p.mailbox, p.low, p.messages FROM rendered_pack p LEFT JOIN (SELECT account, mailbox,"
    " (uid - 1) / 256 * 256 + 1 AS low, count(*) AS messages FROM message GROUP BY account, mailbox,"
    " (uid - 1) / 256 * 256 + 1) m ON m.account = p.account AND m.mailbox = p.mailbox AND m.low = p.low"
    " WHERE p.messages <> coalesce(m.messages, 0) ORDER BY p.account, p.mailbox, p.low"
)
MAILBOX_PACKS = Statement(
    "SELECT p.account, p.mailbox, p.state, b.modseq FROM mailbox_pack p LEFT JOIN mailbox b ON b.account = p.account"
    " AND b.mailbox = p.mailbox WHERE b.mailbox IS NULL OR p.state > b.modseq ORDER BY p.account, p.mailbox"
)
BLOB_REFS = Statement(
    "SELECT b.blob_id, b.refs, coalesce(r.refs, 0) FROM blob b LEFT JOIN (SELECT blob_id, count(*) AS refs FROM"
    " (SELECT blob_id FROM content UNION ALL SELECT blob_id FROM queue) u GROUP BY blob_id) r"
    " ON r.blob_id = b.blob_id WHERE b.refs <> coalesce(r.refs, 0) ORDER BY b.blob_id"
)
LOST_BLOB = Statement(
    "SELECT u.blob_id FROM (SELECT blob_id FROM content UNION SELECT blob_id FROM queue) u"
    " LEFT JOIN blob b ON b.blob_id = u.blob_id WHERE b.blob_id IS NULL ORDER BY u.blob_id"
)
BLOB_SIZES = Statement(
    "SELECT blob_id, stored_size, length(stored) FROM blob WHERE stored IS NOT NULL AND length(stored) <> stored_size"
    " ORDER BY blob_id"
)
QUEUE_ROWS = Statement(
    "SELECT coalesce(q.queue_id, r.queue_id) FROM queue q FULL JOIN (SELECT DISTINCT queue_id FROM queue_recipient) r"
    " ON r.queue_id = q.queue_id WHERE q.queue_id IS NULL OR r.queue_id IS NULL"
)
JOURNAL_STATE = Statement(
    "SELECT a.account, a.state, j.state FROM mail_account a JOIN (SELECT subject, max(state) AS state FROM journal"
    " WHERE subject > 0 GROUP BY subject) j ON j.subject = a.account WHERE a.state <> j.state ORDER BY a.account"
)
JOURNAL_DIRECTORY = Statement(
    "SELECT m.value, j.state FROM meta m JOIN (SELECT subject, max(state) AS state FROM journal WHERE subject = 0"
    " GROUP BY subject) j ON j.subject = 0 WHERE m.name = 'directory' AND m.value <> j.state"
)
JOURNAL_GAPS = Statement(
    "SELECT subject, count(DISTINCT state), max(state) - min(state) + 1 FROM journal WHERE subject >= 0"
    " GROUP BY subject HAVING count(DISTINCT state) <> max(state) - min(state) + 1 ORDER BY subject"
)
ADDRESS_DOMAIN = Statement(
    "SELECT a.key FROM address a LEFT JOIN domain d ON d.domain = a.domain WHERE d.domain IS NULL ORDER BY a.key"
)
ADDRESS_ACCOUNT = Statement(
    "SELECT a.key FROM address a LEFT JOIN account c ON c.account = a.account AND c.status <> 'removed'"
    " WHERE a.account IS NOT NULL AND c.account IS NULL ORDER BY a.key"
)
FILES = Statement("SELECT blob_id, stored_size FROM blob WHERE stored IS NULL ORDER BY blob_id")

TABLE = {
    "mailbox counters": MAILBOX_COUNTERS,
    "mailbox UIDNEXT and HIGHESTMODSEQ": MAILBOX_BOUNDS,
    "mailbox UIDNEXT above the vault's UIDs": VAULT_BOUNDS,
    "messages without a mailbox": LOST_MAILBOX,
    "messages both in a mailbox and in the vault": TWO_PLACES,
    "account counters (quota)": ACCOUNT_COUNTERS,
    "accounts without mail rows": ACCOUNT_ROWS,
    "content references": CONTENT_REFS,
    "references to shared content": SHARED_CONTENT,
    "messages without content": LOST_CONTENT,
    "packs of what is gone": PACKS,
    "packs of mailboxes": MAILBOX_PACKS,
    "blob references": BLOB_REFS,
    "content without a blob": LOST_BLOB,
    "sizes of stored blobs": BLOB_SIZES,
    "queue messages and recipients": QUEUE_ROWS,
    "journal and state of accounts": JOURNAL_STATE,
    "journal and state of the directory": JOURNAL_DIRECTORY,
    "gaps in the journal": JOURNAL_GAPS,
    "addresses without a domain": ADDRESS_DOMAIN,
    "addresses without an account": ADDRESS_ACCOUNT,
}
