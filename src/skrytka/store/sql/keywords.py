"""Keywords of an account, and which of them its messages have."""

from enum import Enum
from typing import Any, NamedTuple

from skrytka.model.ids import AccountId, State
from skrytka.store.rows import KeywordRow
from skrytka.store.statement import Query, Statement

INSERT = Statement("INSERT INTO keyword (account, bit, name_mac, name) VALUES (:account, :bit, :name_mac, :name)")
RENAME = Statement(
    "UPDATE keyword SET name_mac = :name_mac, name = :name, epoch = :state WHERE account = :account AND bit = :bit"
)
BITS = Statement("SELECT bit, name_mac, name, epoch FROM keyword WHERE account = :account ORDER BY bit")
EPOCH = Statement("SELECT max(epoch) FROM keyword WHERE account = :account")

_STATE = Statement("SELECT state FROM mail_account WHERE account = :account")
_ROWS = Statement("SELECT bit, name FROM keyword WHERE account = :account ORDER BY bit")
_STAGED = Statement("SELECT 1 FROM staged WHERE account = :account LIMIT 1")


class Table(Enum):
    """Where messages have flags."""

    MESSAGE = Statement(
        "SELECT mailbox, uid, flags FROM message WHERE account = :account AND (mailbox, uid) > (:mailbox, :uid)"
        " ORDER BY mailbox, uid LIMIT :limit"
    )
    VAULT = Statement(
        "SELECT mailbox, uid, flags FROM vault WHERE account = :account AND (mailbox, uid) > (:mailbox, :uid)"
        " ORDER BY mailbox, uid LIMIT :limit"
    )


class Known(NamedTuple):
    """Bits by the keyed hash of their names; the state of the account, and when a bit was last given away."""

    state: State
    bits: dict[bytes, int]
    epoch: int


def rows(account: AccountId) -> Query[list[KeywordRow]]:
    """The account's keywords by bit."""
    found: list[Any] = yield _ROWS(account=account)
    return [KeywordRow(*row) for row in found]


def known(account: AccountId) -> Query[Known]:
    """All keywords, in one snapshot with the state."""
    states: Any = yield _STATE(account=account)
    found: Any = yield BITS(account=account)
    epoch = max((row[3] for row in found), default=0)
    return Known(State(states[0][0] if states else 0), {mac: bit for bit, mac, _, _ in found}, epoch)


def flags_after(
    account: AccountId, table: Table, place: tuple[int, int], limit: int
) -> Query[list[tuple[int, int, int]]]:
    """(mailbox, uid, flags) of the messages behind that mailbox and UID."""
    found: Any = yield table.value(account=account, mailbox=place[0], uid=place[1], limit=limit)
    return found  # type: ignore[no-any-return]


def has_staged(account: AccountId) -> Query[bool]:
    """Whether a copy is under way."""
    return bool((yield _STAGED(account=account)))
