"""Messages that go from one mailbox of an account to another, at once or staged first."""

from skrytka.store.statement import Statement

QUOTA = Statement("SELECT quota_bytes, used_bytes FROM mail_account WHERE account = :account")
ADD_MANY = Statement(
    "UPDATE mailbox SET uidnext = uidnext + :count, messages = messages + :count, unseen = unseen + :unseen,"
    " bytes = bytes + :bytes, modseq = :state WHERE account = :account AND mailbox = :mailbox"
    " RETURNING uidnext - :count, uidvalidity"
)
SOURCE = Statement(
    "SELECT uid, flags, size FROM message"
    " WHERE account = :account AND mailbox = :mailbox AND uid BETWEEN :low AND :high ORDER BY uid"
)
COPY_RANGE = Statement(
    "INSERT INTO message (account, mailbox, uid, flags, modseq, size, received_at_ms, saved_at_ms, email_id,"
    " thread_id, hold, retention) SELECT account, CAST(:target AS BIGINT), CAST(:base AS BIGINT) - 1 + row_number()"
    " OVER (ORDER BY uid), flags, CAST(:state AS BIGINT), size, received_at_ms, CAST(:now_ms AS BIGINT), email_id,"
    " thread_id, hold, retention FROM message"
    " WHERE account = :account AND mailbox = :mailbox AND uid BETWEEN :low AND :high"
)
ADD_REFS = Statement(
    "INSERT INTO shared_content (account, email_id, refs) SELECT account, email_id, count(*) FROM message"
    " WHERE account = :account AND mailbox = :mailbox AND uid BETWEEN :low AND :high GROUP BY account, email_id"
    " ON CONFLICT (account, email_id) DO UPDATE SET refs = shared_content.refs + excluded.refs"
)
DROP_SHARED_REF = Statement(
    "UPDATE shared_content SET refs = refs - 1 WHERE account = :account AND email_id = :email_id RETURNING refs"
)
DELETE_SHARED = Statement("DELETE FROM shared_content WHERE account = :account AND email_id = :email_id AND refs <= 0")
DELETE_RANGE = Statement(
    "DELETE FROM message WHERE account = :account AND mailbox = :mailbox AND uid BETWEEN :low AND :high"
)

STAGED_COUNT = Statement("SELECT count(*) FROM staged WHERE account = :account AND stage = :stage")
STAGE_RANGE = Statement(
    "INSERT INTO staged (account, stage, number, flags, size, received_at_ms, email_id, thread_id, hold, retention,"
    " staged_at_ms) SELECT account, CAST(:stage AS BLOB), CAST(:base AS BIGINT) - 1 + row_number() OVER (ORDER BY uid),"
    " flags, size, received_at_ms, email_id, thread_id, hold, retention, CAST(:now_ms AS BIGINT) FROM message"
    " WHERE account = :account AND mailbox = :mailbox AND uid BETWEEN :low AND :high"
)
STAGED_SUMS = Statement(
    "SELECT count(*), coalesce(CAST(sum(size) AS BIGINT), 0),"
    " coalesce(CAST(sum(CASE WHEN (flags & 1) = 0 THEN 1 ELSE 0 END) AS BIGINT), 0)"
    " FROM staged WHERE account = :account AND stage = :stage"
)
PUBLISH = Statement(
    "INSERT INTO message (account, mailbox, uid, flags, modseq, size, received_at_ms, saved_at_ms, email_id,"
    " thread_id, hold, retention) SELECT account, CAST(:mailbox AS BIGINT), CAST(:base AS BIGINT) - 1 + number, flags,"
    " CAST(:state AS BIGINT), size, received_at_ms, CAST(:now_ms AS BIGINT), email_id, thread_id, hold, retention"
    " FROM staged WHERE account = :account AND stage = :stage"
)
DELETE_STAGE = Statement("DELETE FROM staged WHERE account = :account AND stage = :stage")
STAGED_BEFORE = Statement(
    "SELECT account, stage, number, email_id FROM staged WHERE staged_at_ms < :before_ms"
    " ORDER BY staged_at_ms, account, stage, number LIMIT :limit"
)
STAGED_OF = Statement(
    "SELECT account, stage, number, email_id FROM staged WHERE account = :account AND stage = :stage"
    " ORDER BY number LIMIT :limit"
)
DELETE_STAGED = Statement("DELETE FROM staged WHERE account = :account AND stage = :stage AND number = :number")
