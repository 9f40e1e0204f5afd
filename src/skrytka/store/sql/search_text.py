"""Search text of messages: sealed one by one at delivery, merged into chunks later (design section 6).

A text is in `single_text`, in the order in which mail comes, until a chunk has it; then `search_text` says which.
"""

from typing import Any

from skrytka.model.ids import AccountId, EmailId, MailboxId
from skrytka.store.ranges import Ranges, clip
from skrytka.store.statement import Query, Statement

INSERT = Statement(
    "INSERT INTO single_text (email_id, account, sealed) VALUES (:email_id, :account, :sealed) ON CONFLICT DO NOTHING"
)
DELETE_SINGLE = Statement("DELETE FROM single_text WHERE email_id = :email_id AND account = :account RETURNING account")
DELETE = Statement("DELETE FROM search_text WHERE account = :account AND email_id = :email_id")
INSERT_CHUNK = Statement("INSERT INTO text_chunk (account, chunk, sealed) VALUES (:account, :chunk, :sealed)")
SET_CHUNK = Statement(
    "INSERT INTO search_text (account, email_id, chunk) VALUES (:account, :email_id, :chunk) ON CONFLICT DO NOTHING"
)

_PLACES = Statement(
    "SELECT m.uid, m.email_id, t.chunk FROM message m LEFT JOIN search_text t ON t.account = m.account"
    " AND t.email_id = m.email_id WHERE m.account = :account AND m.mailbox = :mailbox AND m.uid BETWEEN :low AND :high"
    " ORDER BY m.uid"
)
_TEXTS = Statement(
    "SELECT m.uid, m.email_id, t.sealed FROM message m JOIN single_text t ON t.email_id = m.email_id"
    " AND t.account = m.account WHERE m.account = :account AND m.mailbox = :mailbox AND m.uid BETWEEN :low AND :high"
    " ORDER BY m.uid"
)
_TEXT_SIZES = Statement(
    "SELECT m.uid, length(t.sealed) FROM message m JOIN single_text t ON t.email_id = m.email_id"
    " AND t.account = m.account WHERE m.account = :account AND m.mailbox = :mailbox AND m.uid BETWEEN :low AND :high"
)
_CHUNK = Statement("SELECT sealed FROM text_chunk WHERE account = :account AND chunk = :chunk")


def places(account: AccountId, mailbox: MailboxId, low: int, high: int) -> Query[list[tuple[int, EmailId, int | None]]]:
    """(uid, EMAILID, chunk) of the messages in a range; chunk is None for those with a text of their own, or none."""
    rows: Any = yield _PLACES(account=account, mailbox=mailbox, low=low, high=high)
    return rows  # type: ignore[no-any-return]


def text_sizes(account: AccountId, mailbox: MailboxId, low: int, high: int) -> Query[list[tuple[int, int]]]:
    """(uid, octets of the sealed text) of the messages in a range that have a text of their own."""
    rows: Any = yield _TEXT_SIZES(account=account, mailbox=mailbox, low=low, high=high)
    return rows  # type: ignore[no-any-return]


def texts(account: AccountId, mailbox: MailboxId, uids: Ranges) -> Query[list[tuple[int, EmailId, bytes]]]:
    """(uid, EMAILID, sealed text) of messages that have a text of their own."""
    found: list[tuple[int, EmailId, bytes]] = []
    for low, high in clip(uids):
        rows: Any = yield _TEXTS(account=account, mailbox=mailbox, low=low, high=high)
        found.extend(rows)
    return found


def chunk(account: AccountId, number: int) -> Query[bytes | None]:
    """A sealed chunk."""
    rows: Any = yield _CHUNK(account=account, chunk=number)
    return rows[0][0] if rows else None


def forget(account: AccountId, email_id: EmailId) -> Query[None]:
    """The text of a content that is gone."""
    if not (yield DELETE_SINGLE(account=account, email_id=email_id)):
        yield DELETE(account=account, email_id=email_id)
