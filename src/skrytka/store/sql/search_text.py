"""Search text of messages: sealed one by one at delivery, merged into chunks later (design section 6)."""

from skrytka.model.ids import AccountId, EmailId
from skrytka.store.statement import Query, Statement

INSERT = Statement(
    "INSERT INTO search_text (account, email_id, chunk, sealed) VALUES (:account, :email_id, NULL, :sealed)"
    " ON CONFLICT DO NOTHING"
)
DELETE = Statement("DELETE FROM search_text WHERE account = :account AND email_id = :email_id RETURNING chunk")
NEXT_CHUNK = Statement("SELECT coalesce(max(chunk), 0) + 1 FROM text_chunk WHERE account = :account")
INSERT_CHUNK = Statement("INSERT INTO text_chunk (account, chunk, sealed) VALUES (:account, :chunk, :sealed)")
SET_CHUNK = Statement(
    "UPDATE search_text SET chunk = :chunk, sealed = NULL WHERE account = :account AND email_id = :email_id"
    " AND chunk IS NULL RETURNING chunk"
)
CHUNK_IN_USE = Statement("SELECT email_id FROM search_text WHERE account = :account AND chunk = :chunk LIMIT 1")
DELETE_CHUNK = Statement("DELETE FROM text_chunk WHERE account = :account AND chunk = :chunk")

_PLACES = Statement(
    "SELECT m.uid, m.email_id, t.chunk FROM message m LEFT JOIN search_text t ON t.account = m.account"
    " AND t.email_id = m.email_id WHERE m.account = :account AND m.mailbox = :mailbox AND m.uid BETWEEN :low AND :high"
    " ORDER BY m.uid"
)
_TEXTS = Statement(
    "SELECT m.uid, m.email_id, t.sealed FROM message m JOIN search_text t ON t.account = m.account"
    " AND t.email_id = m.email_id WHERE m.account = :account AND m.mailbox = :mailbox AND m.uid BETWEEN :low AND :high"
    " AND t.sealed IS NOT NULL ORDER BY m.uid"
)
_CHUNK = Statement("SELECT sealed FROM text_chunk WHERE account = :account AND chunk = :chunk")


def forget(account: AccountId, email_id: EmailId) -> Query[None]:
    """The text of a content that is gone."""
    yield DELETE(account=account, email_id=email_id)
