"""Messages of a mailbox, their content, the vault and the threads."""

from typing import Any

import msgspec

from skrytka.model.ids import AccountId, BlobId, EmailId, MailboxId, State, ThreadId, Uid
from skrytka.store.ranges import Ranges, clip
from skrytka.store.rows import BlobRow, ContentRow, MessageRow, Op, VaultRow
from skrytka.store.statement import Query, Statement

NO_LIMIT = 2**62

THREADS_OF = Statement(
    "SELECT mac, thread_id FROM thread_ref WHERE account = :account AND mac IN (:mac0, :mac1, :mac2, :mac3)"
)
INSERT_THREAD = Statement(
    "INSERT INTO thread_ref (account, mac, thread_id) VALUES (:account, :mac, :thread_id) ON CONFLICT DO NOTHING"
)
INSERT_OR_FIND_THREAD = Statement(
    "INSERT INTO thread_ref (account, mac, thread_id) VALUES (:account, :mac, :thread_id)"
    " ON CONFLICT (account, mac) DO UPDATE SET thread_id = thread_ref.thread_id RETURNING thread_id"
)
INSERT_MESSAGE = Statement(
    "INSERT INTO message (account, mailbox, uid, flags, modseq, size, received_at_ms, saved_at_ms, email_id,"
    " thread_id, hold, retention) VALUES (:account, :mailbox, :uid, :flags, :state, :size, :received_at_ms,"
    " :saved_at_ms, :email_id, :thread_id, 0, 0)"
)
INSERT_CONTENT = Statement(
    "INSERT INTO content (account, email_id, blob_id, wrapped_key, prefix, prefix_size, digest, refs, summary)"
    " VALUES (:account, :email_id, :blob_id, :wrapped_key, :prefix, :prefix_size, :digest, 1, :summary)"
    " ON CONFLICT (account, email_id) DO UPDATE SET refs = content.refs + 1 RETURNING refs"
)
FLAGS_TO_CHANGE = Statement(
    "SELECT uid, flags FROM message"
    " WHERE account = :account AND mailbox = :mailbox AND uid BETWEEN :low AND :high AND modseq <= :unchanged_since"
    " AND (flags & ~ CAST(:remove AS BIGINT)) | CAST(:add AS BIGINT) <> flags ORDER BY uid"
)
LATER_IN_RANGE = Statement(
    "SELECT uid FROM message WHERE account = :account AND mailbox = :mailbox AND uid BETWEEN :low AND :high"
    " AND modseq > :since"
)
SET_FLAGS = Statement(
    "UPDATE message SET flags = (flags & ~ CAST(:remove AS BIGINT)) | CAST(:add AS BIGINT), modseq = :state"
    " WHERE account = :account AND mailbox = :mailbox AND uid BETWEEN :low AND :high AND modseq <= :unchanged_since"
    " AND (flags & ~ CAST(:remove AS BIGINT)) | CAST(:add AS BIGINT) <> flags"
)
TO_VAULT = Statement(
    "INSERT INTO vault (account, mailbox, uid, flags, size, received_at_ms, saved_at_ms, email_id, thread_id, hold,"
    " retention, deleted_at_ms) SELECT account, mailbox, uid, flags, size, received_at_ms, saved_at_ms, email_id,"
    " thread_id, hold, retention, CAST(:now_ms AS BIGINT) FROM message"
    " WHERE account = :account AND mailbox = :mailbox AND uid BETWEEN :low AND :high"
    " AND (flags & CAST(:mask AS BIGINT)) = :mask"
)
DELETE_MESSAGES = Statement(
    "DELETE FROM message WHERE account = :account AND mailbox = :mailbox AND uid BETWEEN :low AND :high"
    " AND (flags & CAST(:mask AS BIGINT)) = :mask RETURNING uid, flags, size"
)
FROM_VAULT = Statement(
    "DELETE FROM vault WHERE account = :account AND mailbox = :mailbox AND uid = :uid"
    " RETURNING flags, size, received_at_ms, email_id, thread_id"
)
VAULT_BEFORE = Statement(
    "SELECT account, mailbox, uid, email_id FROM vault WHERE deleted_at_ms < :before_ms AND hold = 0"
    " ORDER BY deleted_at_ms LIMIT :limit"
)
MEND_VAULT = Statement(
    "UPDATE vault SET deleted_at_ms = :sure_ms WHERE deleted_at_ms > :latest_ms"
    " OR (deleted_at_ms < :earliest_ms AND hold = 0) RETURNING account"
)
DELETE_FROM_VAULT = Statement("DELETE FROM vault WHERE account = :account AND mailbox = :mailbox AND uid = :uid")
DROP_CONTENT_REF = Statement(
    "UPDATE content SET refs = refs - 1 WHERE account = :account AND email_id = :email_id RETURNING refs, blob_id"
)
DELETE_CONTENT = Statement("DELETE FROM content WHERE account = :account AND email_id = :email_id AND refs = 0")

INSERT_BLOB = Statement(
    "INSERT INTO blob (blob_id, size, stored_size, refs, stored)"
    " VALUES (:blob_id, :size, :stored_size, :refs, :stored) ON CONFLICT (blob_id) DO NOTHING RETURNING blob_id"
)
ADD_BLOB_REFS = Statement("UPDATE blob SET refs = refs + :refs WHERE blob_id = :blob_id RETURNING refs")
DELETE_BLOBS = Statement(
    "DELETE FROM blob WHERE blob_id IN (SELECT blob_id FROM blob WHERE refs = 0 LIMIT :limit)"
    " RETURNING blob_id, stored IS NULL"
)

_SNAPSHOT = Statement(
    "SELECT uid, flags, modseq FROM message WHERE account = :account AND mailbox = :mailbox ORDER BY uid"
)
_SNAPSHOT_PIECE = Statement(
    "SELECT uid, flags, modseq FROM message WHERE account = :account AND mailbox = :mailbox AND uid > :after"
    " ORDER BY uid LIMIT :limit"
)
_CHANGED = Statement(
    "SELECT uid, flags, modseq FROM message WHERE account = :account AND mailbox = :mailbox AND modseq > :since"
    " ORDER BY uid LIMIT :limit"
)
_COUNT_AFTER = Statement(
    "SELECT count(*) FROM message WHERE account = :account AND mailbox = :mailbox AND uid > :after"
)
_BY_RANGE = Statement(
    "SELECT uid, flags, modseq, size, received_at_ms, saved_at_ms, email_id, thread_id FROM message"
    " WHERE account = :account AND mailbox = :mailbox AND uid BETWEEN :low AND :high ORDER BY uid"
)
_CONTENT = Statement(
    "SELECT email_id, blob_id, wrapped_key, prefix, prefix_size, summary, digest FROM content"
    " WHERE account = :account AND email_id = :email_id"
)
_CONTENT_RANGE = Statement(
    "SELECT m.uid, c.email_id, c.blob_id, c.wrapped_key, c.prefix, c.prefix_size, c.summary, c.digest"
    " FROM message m JOIN content c ON c.account = m.account AND c.email_id = m.email_id"
    " WHERE m.account = :account AND m.mailbox = :mailbox AND m.uid BETWEEN :low AND :high ORDER BY m.uid"
)
_SUMMARY_RANGE = Statement(
    "SELECT m.uid, c.email_id, c.summary"
    " FROM message m JOIN content c ON c.account = m.account AND c.email_id = m.email_id"
    " WHERE m.account = :account AND m.mailbox = :mailbox AND m.uid BETWEEN :low AND :high ORDER BY m.uid"
)
_ROWS_AND_SUMMARIES = Statement(
    "SELECT m.uid, m.flags, m.modseq, m.size, m.received_at_ms, m.saved_at_ms, m.email_id, m.thread_id, c.summary"
    " FROM message m LEFT JOIN content c ON c.account = m.account AND c.email_id = m.email_id"
    " WHERE m.account = :account AND m.mailbox = :mailbox AND m.uid BETWEEN :low AND :high ORDER BY m.uid"
)
_CONTENT_AND_BLOB = Statement(
    "SELECT c.email_id, c.blob_id, c.wrapped_key, c.prefix, c.prefix_size, c.summary, c.digest,"
    " b.blob_id, b.size, b.stored_size, b.stored"
    " FROM message m JOIN content c ON c.account = m.account AND c.email_id = m.email_id"
    " LEFT JOIN blob b ON b.blob_id = c.blob_id"
    " WHERE m.account = :account AND m.mailbox = :mailbox AND m.uid = :uid"
)
_WHOLE_RANGE = Statement(
    "SELECT m.uid, c.email_id, c.blob_id, c.wrapped_key, c.prefix, b.stored"
    " FROM message m JOIN content c ON c.account = m.account AND c.email_id = m.email_id"
    " JOIN blob b ON b.blob_id = c.blob_id"
    " WHERE m.account = :account AND m.mailbox = :mailbox AND m.uid BETWEEN :low AND :high AND b.stored IS NOT NULL"
)
_FACTS_AND_SUMMARIES = Statement(
    "SELECT m.uid, m.size, m.received_at_ms, m.saved_at_ms, m.email_id, m.thread_id, c.summary"
    " FROM message m LEFT JOIN content c ON c.account = m.account AND c.email_id = m.email_id"
    " WHERE m.account = :account AND m.mailbox = :mailbox AND m.uid BETWEEN :low AND :high ORDER BY m.uid"
)
_FLAGGED = Statement(
    "SELECT detail FROM journal WHERE subject = :account AND state > :since AND op = :op ORDER BY state LIMIT :limit"
)
_SNAPSHOT_RANGE = Statement(
    "SELECT uid, flags, modseq FROM message WHERE account = :account AND mailbox = :mailbox"
    " AND uid BETWEEN :low AND :high ORDER BY uid LIMIT :limit"
)
_VANISHED = Statement(
    "SELECT detail FROM journal WHERE subject = :account AND state > :since AND op = :op ORDER BY state"
)
_VAULT = Statement(
    "SELECT mailbox, uid, size, received_at_ms, deleted_at_ms, email_id FROM vault WHERE account = :account"
    " ORDER BY deleted_at_ms, mailbox, uid"
)
_BLOB = Statement("SELECT blob_id, size, stored_size, stored FROM blob WHERE blob_id = :blob_id")


def snapshot(account: AccountId, mailbox: MailboxId) -> Query[list[tuple[int, int, int]]]:
    """(uid, flags, modseq) of every message by UID: what SELECT needs."""
    rows: Any = yield _SNAPSHOT(account=account, mailbox=mailbox)
    return rows  # type: ignore[no-any-return]


def snapshot_piece(account: AccountId, mailbox: MailboxId, after: int, limit: int) -> Query[list[tuple[int, int, int]]]:
    """As :func:`snapshot`: the first ``limit`` messages behind that UID."""
    rows: Any = yield _SNAPSHOT_PIECE(account=account, mailbox=mailbox, after=after, limit=limit)
    return rows  # type: ignore[no-any-return]


def count_after(account: AccountId, mailbox: MailboxId, after: int) -> Query[int]:
    """How many messages are behind that UID."""
    rows: Any = yield _COUNT_AFTER(account=account, mailbox=mailbox, after=after)
    return int(rows[0][0])


def changed_since(
    account: AccountId, mailbox: MailboxId, since: State, limit: int = NO_LIMIT
) -> Query[list[tuple[int, int, int]]]:
    """(uid, flags, modseq) of messages that are new or have new flags since that state (RFC 7162 3.1.4)."""
    rows: Any = yield _CHANGED(account=account, mailbox=mailbox, since=since, limit=limit)
    return rows  # type: ignore[no-any-return]


def flagged_since(account: AccountId, mailbox: MailboxId, since: State, limit: int) -> Query[Ranges | None]:
    """UID ranges whose flags have changed since that state, as far back as the journal is kept; None: too many to tell.

    That is more than ``limit`` commands, or as many ranges.
    """
    rows: Any = yield _FLAGGED(account=account, since=since, op=Op.FLAGS.value, limit=limit + 1)
    found: list[tuple[int, int]] = []
    for (detail,) in rows:
        changed_in, ranges, _added, _removed = msgspec.msgpack.decode(detail, type=tuple[int, Ranges, int, int])
        if changed_in == mailbox:
            found.extend(ranges)
        if len(found) > 5 * limit:
            return None
    merged = tuple(clip(tuple(found)))
    return None if len(rows) > limit or len(merged) > limit else merged


def snapshot_ranges(
    account: AccountId, mailbox: MailboxId, uids: Ranges, limit: int
) -> Query[list[tuple[int, int, int]]]:
    """As :func:`snapshot`, within the UID ranges; at most ``limit``."""
    found: list[tuple[int, int, int]] = []
    for low, high in uids:
        where = {"account": account, "mailbox": mailbox, "low": low, "high": high}
        rows: Any = yield _SNAPSHOT_RANGE(limit=limit - len(found), **where)
        found += rows
    return found


def vanished_since(account: AccountId, mailbox: MailboxId, since: State) -> Query[Ranges]:
    """UID ranges expunged since that state (RFC 7162 3.2.10); complete as far back as the journal is kept."""
    found: list[tuple[int, int]] = []
    rows: Any = yield _VANISHED(account=account, since=since, op=Op.EXPUNGE.value)
    for (detail,) in rows:
        gone_from, ranges = msgspec.msgpack.decode(detail, type=tuple[int, Ranges])
        if gone_from == mailbox:
            found.extend(ranges)
    return tuple(sorted(found))


def by_uids(account: AccountId, mailbox: MailboxId, uids: Ranges) -> Query[list[MessageRow]]:
    """Messages within the UID ranges, by UID; what is not there is left out."""
    found: list[MessageRow] = []
    for low, high in clip(uids):
        rows: Any = yield _BY_RANGE(account=account, mailbox=mailbox, low=low, high=high)
        found.extend(map(MessageRow._make, rows))
    return found


def content(account: AccountId, email_id: EmailId) -> Query[ContentRow | None]:
    """What an EMAILID stands for: blob, wrapped key, prefix, summary."""
    rows: Any = yield _CONTENT(account=account, email_id=email_id)
    return ContentRow._make(rows[0]) if rows else None


def contents(account: AccountId, mailbox: MailboxId, uids: Ranges) -> Query[list[tuple[int, ContentRow]]]:
    """(uid, content) of the messages within the UID ranges, by UID."""
    found: list[tuple[int, ContentRow]] = []
    for low, high in clip(uids):
        rows: Any = yield _CONTENT_RANGE(account=account, mailbox=mailbox, low=low, high=high)
        found.extend((row[0], ContentRow._make(row[1:])) for row in rows)
    return found


def summaries(account: AccountId, mailbox: MailboxId, uids: Ranges) -> Query[list[tuple[int, bytes, bytes]]]:
    """(uid, EMAILID, sealed summary) of the messages within the UID ranges, by UID."""
    found: list[tuple[int, bytes, bytes]] = []
    for low, high in clip(uids):
        rows: Any = yield _SUMMARY_RANGE(account=account, mailbox=mailbox, low=low, high=high)
        found.extend(rows)
    return found


def rows_and_summaries(
    account: AccountId, mailbox: MailboxId, uids: Ranges
) -> Query[list[tuple[MessageRow, bytes | None]]]:
    """(message, sealed summary) within the UID ranges, by UID; None where the content row is missing (corrupt)."""
    found: list[tuple[MessageRow, bytes | None]] = []
    for low, high in clip(uids):
        rows: Any = yield _ROWS_AND_SUMMARIES(account=account, mailbox=mailbox, low=low, high=high)
        found.extend((MessageRow._make(row[:8]), row[8]) for row in rows)
    return found


def content_and_blob(
    account: AccountId, mailbox: MailboxId, uid: Uid
) -> Query[tuple[ContentRow, BlobRow | None] | None]:
    """Everything that is needed to open one message; None when it is gone, no blob when that is missing (corrupt)."""
    rows: Any = yield _CONTENT_AND_BLOB(account=account, mailbox=mailbox, uid=uid)
    if not rows:
        return None
    row = rows[0]
    return ContentRow._make(row[:7]), BlobRow._make(row[7:]) if row[7] is not None else None


def whole_sealed(
    account: AccountId, mailbox: MailboxId, uids: Ranges
) -> Query[list[tuple[int, EmailId, BlobId, bytes, bytes, bytes]]]:
    """(uid, EMAILID, blob id, wrapped key, sealed prefix, sealed blob) within the UID ranges, of blobs in rows only.

    Callers see to it that it is not much.
    """
    found: list[tuple[int, EmailId, BlobId, bytes, bytes, bytes]] = []
    for low, high in clip(uids):
        rows: Any = yield _WHOLE_RANGE(account=account, mailbox=mailbox, low=low, high=high)
        found.extend(rows)
    return found


def facts_and_summaries(
    account: AccountId, mailbox: MailboxId, uids: Ranges
) -> Query[list[tuple[int, int, int, int, EmailId, ThreadId, bytes | None]]]:
    """(uid, size, received and saved at, EMAILID, THREADID, sealed summary) within the UID ranges, by UID.

    None where the content row is missing (corrupt).
    """
    found: list[tuple[int, int, int, int, EmailId, ThreadId, bytes | None]] = []
    for low, high in clip(uids):
        rows: Any = yield _FACTS_AND_SUMMARIES(account=account, mailbox=mailbox, low=low, high=high)
        found.extend(rows)
    return found


def vault(account: AccountId) -> Query[list[VaultRow]]:
    """Deleted messages that can be taken back, oldest deletion first."""
    rows: Any = yield _VAULT(account=account)
    return [VaultRow._make(row) for row in rows]


def blob(blob_id: BlobId) -> Query[BlobRow | None]:
    """A sealed message."""
    rows: Any = yield _BLOB(blob_id=blob_id)
    return BlobRow._make(rows[0]) if rows else None
