"""Questions about what an account may do and who acts for it, and the statements that change that."""

from typing import Any, NamedTuple

from skrytka.model.ids import AccountId
from skrytka.store.rows import DelegationKind, DelegationRow
from skrytka.store.statement import Query, Statement

PUT = Statement(
    "INSERT INTO account_control (account, control, changed_at_ms) VALUES (:account, :control, :now_ms)"
    " ON CONFLICT (account) DO UPDATE SET control = excluded.control, changed_at_ms = excluded.changed_at_ms"
)
DELETE = Statement("DELETE FROM account_control WHERE account = :account")
INSERT_DELEGATION = Statement(
    "INSERT INTO delegation (account, delegate, kind, mailbox, rights, created_at_ms)"
    " VALUES (:account, :delegate, :kind, :mailbox, :rights, :now_ms)"
    " ON CONFLICT (account, delegate, kind, mailbox) DO UPDATE SET rights = excluded.rights"
)
DELETE_DELEGATION = Statement(
    "DELETE FROM delegation WHERE account = :account AND delegate = :delegate AND kind = :kind AND mailbox = :mailbox"
    " RETURNING rights"
)
DELETE_GIVEN = Statement("DELETE FROM delegation WHERE account = :account")
DELETE_DELEGATIONS = Statement("DELETE FROM delegation WHERE account = :account OR delegate = :account")

DELETE_MAILBOX_DELEGATIONS = Statement("DELETE FROM delegation WHERE account = :account AND mailbox = :mailbox")

_CONTROL = Statement("SELECT control FROM account_control WHERE account = :account")
_DELEGATION_KINDS = Statement(
    "SELECT kind FROM delegation WHERE account = :account AND delegate = :delegate AND mailbox = 0"
)
_DELEGATIONS = Statement(
    "SELECT d.account, o.address, d.delegate, g.address, d.kind, d.mailbox, d.rights, d.created_at_ms"
    " FROM delegation d JOIN account o ON o.account = d.account JOIN account g ON g.account = d.delegate"
    " WHERE d.account = :account OR d.delegate = :account ORDER BY o.address, g.address, d.kind, d.mailbox"
)

_SHARED = Statement(
    "SELECT d.account, o.address, d.mailbox, d.rights"
    " FROM delegation d JOIN account o ON o.account = d.account JOIN account g ON g.account = d.delegate"
    " WHERE d.delegate = :delegate AND d.kind = 'mailbox' AND o.status = 'active' AND g.status = 'active'"
    " ORDER BY o.address, d.mailbox"
)


class SharedRow(NamedTuple):
    """What one account shares with another."""

    account: AccountId  # the owner
    address: str  # his
    mailbox: int  # 0: all of them
    rights: str


def control(account: AccountId) -> Query[bytes | None]:
    """What the account may do, as ``mail.identity.controls`` wrote it; None: no control of its own."""
    rows: list[Any] = yield _CONTROL(account=account)
    return rows[0][0] if rows else None


def delegated(account: AccountId, delegate: AccountId) -> Query[frozenset[DelegationKind]]:
    """What ``delegate`` may do in the name of ``account``."""
    rows: list[Any] = yield _DELEGATION_KINDS(account=account, delegate=delegate)
    return frozenset(DelegationKind(kind) for (kind,) in rows)


def delegations(account: AccountId) -> Query[list[DelegationRow]]:
    """What the account has given to others, and what others have given to it."""
    rows: list[Any] = yield _DELEGATIONS(account=account)
    return [DelegationRow(*row)._replace(kind=DelegationKind(row[4])) for row in rows]


def shared_with(delegate: AccountId) -> Query[list[SharedRow]]:
    """Mailboxes of others that the account may use; of accounts that are active, with one that is."""
    rows: list[Any] = yield _SHARED(delegate=delegate)
    return [SharedRow(*row) for row in rows]
