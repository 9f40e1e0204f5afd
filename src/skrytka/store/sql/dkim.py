"""Questions about the keys that sign for a domain, and the statements that change them."""

from typing import Any

from skrytka.store.rows import DkimKeyRow, DkimState
from skrytka.store.statement import Query, Statement

INSERT = Statement(
    "INSERT INTO dkim_key"
    " (domain, selector, algorithm, state, public_key, private_key, created_at_ms, changed_at_ms)"
    " VALUES (:domain, :selector, :algorithm, :state, :public_key, :private_key, :now_ms, :now_ms)"
    " ON CONFLICT (domain, selector) DO NOTHING RETURNING selector"
)
MOVE = Statement(
    "UPDATE dkim_key SET state = :state, changed_at_ms = :now_ms"
    " WHERE domain = :domain AND selector = :selector AND state = :was RETURNING selector"
)
FORGET = Statement("UPDATE dkim_key SET private_key = NULL WHERE domain = :domain AND selector = :selector")
DELETE = Statement(
    "DELETE FROM dkim_key WHERE domain = :domain AND selector = :selector AND state = :was RETURNING selector"
)
DELETE_ALL = Statement("DELETE FROM dkim_key WHERE domain = :domain")
COMING = Statement(
    "SELECT selector FROM dkim_key WHERE domain = :domain AND algorithm = :algorithm AND state IN ('new', 'waiting')"
)
MEND = Statement("UPDATE dkim_key SET changed_at_ms = :sure_ms WHERE changed_at_ms > :latest_ms RETURNING selector")

_OF_DOMAIN = Statement(
    "SELECT d.name, k.selector, k.algorithm, k.state, k.public_key, k.private_key, k.created_at_ms, k.changed_at_ms"
    " FROM domain d JOIN dkim_key k ON k.domain = d.domain WHERE d.name = :name ORDER BY k.selector"
)
_ALL = Statement(
    "SELECT d.name, k.selector, k.algorithm, k.state, k.public_key, k.private_key, k.created_at_ms, k.changed_at_ms"
    " FROM domain d JOIN dkim_key k ON k.domain = d.domain ORDER BY d.name, k.selector"
)


def keys_of(name: str) -> Query[list[DkimKeyRow]]:
    """The keys of a domain (``Domain.name``) by selector, revoked ones too."""
    return _rows((yield _OF_DOMAIN(name=name)))


def keys() -> Query[list[DkimKeyRow]]:
    """Those of all domains, by domain and selector."""
    return _rows((yield _ALL()))


def _rows(rows: list[Any]) -> list[DkimKeyRow]:
    return [DkimKeyRow(*row)._replace(state=DkimState(row[3])) for row in rows]
