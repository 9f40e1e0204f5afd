"""Questions about domains, accounts, addresses and credentials, and the statements that change them."""

from typing import Any

from skrytka.model.ids import AccountId
from skrytka.store.rows import (
    AccountRow,
    AccountStatus,
    AddressKind,
    AddressRow,
    CredentialRow,
    DomainRow,
)
from skrytka.store.statement import Query, Row, Statement

NEXT = Statement("UPDATE meta SET value = value + 1 WHERE name = :name RETURNING value")

INSERT_DOMAIN = Statement(
    "INSERT INTO domain (domain, name, created_at_ms) VALUES (:domain, :name, :now_ms)"
    " ON CONFLICT (name) DO NOTHING RETURNING domain"
)
DELETE_DOMAIN = Statement("DELETE FROM domain WHERE domain = :domain")
ADDRESS_OF_DOMAIN = Statement("SELECT key FROM address WHERE domain = :domain LIMIT 1")

INSERT_ACCOUNT = Statement(
    "INSERT INTO account (account, address, domain, status, created_at_ms, is_admin)"
    " VALUES (:account, :address, :domain, :status, :now_ms, :is_admin)"
    " ON CONFLICT (account) DO NOTHING RETURNING account"
)
SET_STATUS = Statement("UPDATE account SET status = :status WHERE account = :account")
REMOVE_ACCOUNT = Statement("UPDATE account SET status = :status, removed_at_ms = :now_ms WHERE account = :account")

INSERT_ADDRESS = Statement(
    "INSERT INTO address (key, domain, kind, account, created_at_ms) VALUES (:key, :domain, :kind, :account, :now_ms)"
    " ON CONFLICT (key) DO NOTHING RETURNING key"
)
DELETE_ALIAS = Statement("DELETE FROM address WHERE key = :key AND kind <> :account_kind RETURNING key")
DELETE_ADDRESSES_OF_ACCOUNT = Statement("DELETE FROM address WHERE account = :account")
INSERT_TARGET = Statement("INSERT INTO address_target (key, number, target) VALUES (:key, :number, :target)")
DELETE_TARGETS = Statement("DELETE FROM address_target WHERE key = :key")
DELETE_TARGETS_OF_ACCOUNT = Statement(
    "DELETE FROM address_target WHERE key IN (SELECT key FROM address WHERE account = :account)"
)
TARGETS = Statement("SELECT target FROM address_target WHERE key = :key ORDER BY number")

PUT_CREDENTIAL = Statement(
    "INSERT INTO credential (account, credential, kind, verifier, created_at_ms)"
    " VALUES (:account, :credential, :kind, :verifier, :now_ms)"
    " ON CONFLICT (account, credential)"
    " DO UPDATE SET kind = excluded.kind, verifier = excluded.verifier, created_at_ms = excluded.created_at_ms"
)
DELETE_CREDENTIALS = Statement("DELETE FROM credential WHERE account = :account")

_DOMAINS = Statement("SELECT domain, name, created_at_ms FROM domain ORDER BY name")
_DOMAIN = Statement("SELECT domain, name, created_at_ms FROM domain WHERE name = :name")
_ACCOUNTS = Statement(
    "SELECT a.account, a.address, a.domain, a.status, a.created_at_ms,"
    " m.quota_bytes, m.used_bytes, m.messages, m.state, a.is_admin"
    " FROM account a JOIN mail_account m ON m.account = a.account WHERE a.status <> 'removed' ORDER BY a.address"
)
_ACCOUNT = Statement(
    "SELECT a.account, a.address, a.domain, a.status, a.created_at_ms,"
    " m.quota_bytes, m.used_bytes, m.messages, m.state, a.is_admin"
    " FROM account a JOIN mail_account m ON m.account = a.account WHERE a.account = :account"
)
_ADMINS = Statement(
    "SELECT a.account, a.address, a.domain, a.status, a.created_at_ms,"
    " m.quota_bytes, m.used_bytes, m.messages, m.state, a.is_admin"
    " FROM account a JOIN mail_account m ON m.account = a.account WHERE a.is_admin = 1 AND a.status = 'active'"
    " ORDER BY a.account"
)
_ACCOUNT_BY_ADDRESS = Statement(
    "SELECT a.account, a.address, a.domain, a.status, a.created_at_ms,"
    " m.quota_bytes, m.used_bytes, m.messages, m.state, a.is_admin"
    " FROM address k JOIN account a ON a.account = k.account JOIN mail_account m ON m.account = a.account"
    " WHERE k.key = :key"
)
_ADDRESS = Statement("SELECT key, kind, account FROM address WHERE key = :key")
_ALIASES = Statement(
    "SELECT a.key, a.kind, a.account, t.target FROM address a JOIN address_target t ON t.key = a.key"
    " ORDER BY a.key, t.number"
)
_CREDENTIALS = Statement(
    "SELECT account, credential, kind, verifier, created_at_ms FROM credential"
    " WHERE account = :account ORDER BY credential"
)
_VERIFIERS = Statement("SELECT account, verifier FROM credential WHERE kind = :kind")


def domain_by_name(name: str) -> Query[DomainRow | None]:
    """The domain, if mail for it is taken."""
    rows: list[Any] = yield _DOMAIN(name=name)
    return DomainRow(*rows[0]) if rows else None


def domains() -> Query[list[DomainRow]]:
    """All domains by name."""
    rows: list[Any] = yield _DOMAINS()
    return [DomainRow(*row) for row in rows]


def account_by_id(account: AccountId) -> Query[AccountRow | None]:
    """The account, removed ones too."""
    rows = yield _ACCOUNT(account=account)
    return _account_row(rows[0]) if rows else None


def account_by_address(key: str) -> Query[AccountRow | None]:
    """The account whose own address this is; aliases do not count."""
    rows = yield _ACCOUNT_BY_ADDRESS(key=key)
    return _account_row(rows[0]) if rows else None


def accounts() -> Query[list[AccountRow]]:
    """All accounts that are not removed, by address."""
    return [_account_row(row) for row in (yield _ACCOUNTS())]


def admins() -> Query[list[AccountRow]]:
    """Administrators that are active, the oldest first."""
    return [_account_row(row) for row in (yield _ADMINS())]


def address(key: str) -> Query[AddressRow | None]:
    """What an address (``Address.key``, or ``@domain`` for a catch-all) leads to."""
    rows: list[Any] = yield _ADDRESS(key=key)
    if not rows:
        return None
    key, kind, account = rows[0]
    targets: list[Any] = [] if account is not None else (yield TARGETS(key=key))
    return AddressRow(key, AddressKind(kind), account, tuple(target for (target,) in targets))


def aliases() -> Query[list[AddressRow]]:
    """All aliases, groups and catch-alls with their targets, by address."""
    rows: list[Any] = yield _ALIASES()
    found: dict[str, AddressRow] = {}
    for key, kind, account, target in rows:
        before = found.get(key)
        targets = (*before.targets, target) if before else (target,)
        found[key] = AddressRow(key, AddressKind(kind), account, targets)
    return list(found.values())


def credentials(account: AccountId) -> Query[list[CredentialRow]]:
    """What the account may prove itself by."""
    rows: list[Any] = yield _CREDENTIALS(account=account)
    return [CredentialRow(*row) for row in rows]


def verifiers(kind: str) -> Query[dict[AccountId, bytes]]:
    """Those of a kind, of all accounts: for lists."""
    rows: list[Any] = yield _VERIFIERS(kind=kind)
    return {account: bytes(verifier) for account, verifier in rows}


def _account_row(row: Row) -> AccountRow:
    return AccountRow._make(row)._replace(status=AccountStatus(str(row[3])), is_admin=bool(row[9]))
