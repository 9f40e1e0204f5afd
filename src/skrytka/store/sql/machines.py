"""Questions about machines with certificates of our own, and the statements that change them."""

from typing import Any

from skrytka.model.ids import AccountId
from skrytka.store.access_rows import MachineRow
from skrytka.store.statement import Query, Statement

INVITE = Statement(
    "INSERT INTO machine (account, machine, purpose, record, token, token_until_ms,"
    " enrolled_at_ms, renewed_at_ms, expires_at_ms)"
    " VALUES (:account, :machine, :purpose, :record, :token, :token_until_ms, 0, 0, 0)"
)
ENROL = Statement(
    "UPDATE machine SET token_until_ms = 0, enrolled_at_ms = :now_ms, renewed_at_ms = :now_ms,"
    " expires_at_ms = :expires_at_ms WHERE account = :account AND machine = :machine AND token = :token"
    " AND token_until_ms > :now_ms AND enrolled_at_ms = 0 RETURNING machine"
)
RENEW = Statement(
    "UPDATE machine SET renewed_at_ms = :now_ms, expires_at_ms = :expires_at_ms"
    " WHERE account = :account AND machine = :machine AND enrolled_at_ms > 0 RETURNING machine"
)
REVOKE = Statement("DELETE FROM machine WHERE account = :account AND machine = :machine RETURNING machine")
REVOKE_ALL = Statement("DELETE FROM machine WHERE account = :account")
COUNT = Statement("SELECT count(*) FROM machine WHERE account = :account")
DROP_LAPSED = Statement(
    "DELETE FROM machine WHERE enrolled_at_ms = 0 AND token_until_ms <= :now_ms"
    " OR enrolled_at_ms > 0 AND expires_at_ms < :before_ms"
)

_COLUMNS = "account, machine, purpose, record, token, token_until_ms, enrolled_at_ms, renewed_at_ms, expires_at_ms"
_ONE = Statement(f"SELECT {_COLUMNS} FROM machine WHERE account = :account AND machine = :machine")  # noqa: S608
_ALL = Statement(f"SELECT {_COLUMNS} FROM machine ORDER BY account, machine")  # noqa: S608 - a constant
_INVITED_UNTIL = Statement("SELECT max(token_until_ms), count(*) FROM machine")


def machine(account: AccountId, machine_: bytes) -> Query[MachineRow | None]:
    """One, invited or enrolled."""
    rows: list[Any] = yield _ONE(account=account, machine=machine_)
    return MachineRow(*rows[0]) if rows else None


def machines() -> Query[list[MachineRow]]:
    """Of all accounts."""
    rows: list[Any] = yield _ALL()
    return [MachineRow(*row) for row in rows]


def invited_until() -> Query[tuple[int, int]]:
    """When the last invitation ends, and how many machines there are."""
    rows: list[Any] = yield _INVITED_UNTIL()
    return int(rows[0][0] or 0), int(rows[0][1])
