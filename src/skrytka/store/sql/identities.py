"""Questions about who somebody is at a provider of another house, and the statements that change it."""

from typing import Any, NamedTuple

from skrytka.model.ids import AccountId
from skrytka.store.statement import Query, Statement

INSERT = Statement(
    "INSERT INTO outside_identity (account, provider, identity, record, created_at_ms)"
    " VALUES (:account, :provider, :identity, :record, :now_ms) ON CONFLICT DO NOTHING RETURNING account"
)
DELETE = Statement("DELETE FROM outside_identity WHERE account = :account AND provider = :provider RETURNING account")
DELETE_ALL = Statement("DELETE FROM outside_identity WHERE account = :account")

_OWNER = Statement("SELECT account FROM outside_identity WHERE identity = :identity")
_OF = Statement(
    "SELECT account, provider, identity, record, created_at_ms FROM outside_identity"
    " WHERE account = :account ORDER BY created_at_ms, provider"
)


class IdentityRow(NamedTuple):
    """One of an account; issuer and subject are sealed."""

    account: AccountId
    provider: bytes
    identity: bytes
    record: bytes
    created_at_ms: int


def owner(identity: bytes) -> Query[AccountId | None]:
    """Whose it is."""
    rows: list[Any] = yield _OWNER(identity=identity)
    return AccountId(rows[0][0]) if rows else None


def of(account: AccountId) -> Query[list[IdentityRow]]:
    """All of an account, the oldest first."""
    rows: list[Any] = yield _OF(account=account)
    return [IdentityRow(*row) for row in rows]
