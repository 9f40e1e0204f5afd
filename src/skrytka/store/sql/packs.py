"""Packs: of what was made of messages, 256 UIDs each, and of UIDs and flags of a mailbox. Caches for large ones."""

from typing import Any, Final

from skrytka.model.ids import AccountId, MailboxId
from skrytka.store.statement import Query, Statement

PACK_UIDS: Final = 256

PUT = Statement(
    "INSERT INTO rendered_pack (account, mailbox, low, kind, messages, sealed)"
    " VALUES (:account, :mailbox, :low, :kind, :messages, :sealed)"
    " ON CONFLICT (account, mailbox, low, kind) DO UPDATE SET messages = excluded.messages, sealed = excluded.sealed"
)
MESSAGES = Statement(
    "SELECT count(*) FROM message WHERE account = :account AND mailbox = :mailbox AND uid BETWEEN :low AND :high"
)
KINDS = Statement("SELECT count(*) FROM rendered_pack WHERE account = :account AND mailbox = :mailbox AND low = :low")
DROP = Statement(
    "DELETE FROM rendered_pack WHERE account = :account AND mailbox = :mailbox AND low BETWEEN :low AND :high"
)
PUT_MAILBOX = Statement(
    "INSERT INTO mailbox_pack (account, mailbox, state, sealed) VALUES (:account, :mailbox, :state, :sealed)"
    " ON CONFLICT (account, mailbox) DO UPDATE SET state = excluded.state, sealed = excluded.sealed"
    " WHERE mailbox_pack.state < excluded.state"
)
DROP_MAILBOX = Statement("DELETE FROM mailbox_pack WHERE account = :account AND mailbox = :mailbox")
_MAILBOX = Statement("SELECT sealed FROM mailbox_pack WHERE account = :account AND mailbox = :mailbox")
_ONE = Statement(
    "SELECT sealed FROM rendered_pack WHERE account = :account AND mailbox = :mailbox AND low = :low AND kind = :kind"
)


def low_of(uid: int) -> int:
    """The first UID of the pack that has it."""
    return (uid - 1) // PACK_UIDS * PACK_UIDS + 1


def pack(account: AccountId, mailbox: MailboxId, low: int, kind: bytes) -> Query[bytes | None]:
    """The sealed pack of that kind."""
    rows: Any = yield _ONE(account=account, mailbox=mailbox, low=low, kind=kind)
    return rows[0][0] if rows else None


def mailbox_pack(account: AccountId, mailbox: MailboxId) -> Query[bytes | None]:
    """What its messages were at some state, sealed."""
    rows: Any = yield _MAILBOX(account=account, mailbox=mailbox)
    return rows[0][0] if rows else None


def drop(account: AccountId, mailbox: MailboxId, low: int, high: int) -> Query[None]:
    """Messages within the range leave the mailbox: so does what was made of them."""
    yield DROP(account=account, mailbox=mailbox, low=low_of(low), high=high)
