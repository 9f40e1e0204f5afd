"""MTA-STS policies of other domains: a cache that outlives a restart."""

from collections.abc import Sequence
from typing import Any

from skrytka.store.statement import Query, Statement

PUT = Statement(
    "INSERT INTO sts_policy (domain, fetched_at_ms, sealed) VALUES (:domain, :fetched_at_ms, :sealed)"
    " ON CONFLICT (domain) DO UPDATE SET fetched_at_ms = excluded.fetched_at_ms, sealed = excluded.sealed"
    " WHERE sts_policy.fetched_at_ms <= excluded.fetched_at_ms"
)
DROP = Statement("DELETE FROM sts_policy WHERE domain = :domain")
_ONE = Statement("SELECT sealed FROM sts_policy WHERE domain = :domain")
_BEFORE = Statement(
    "SELECT domain, sealed FROM sts_policy WHERE domain > :after AND fetched_at_ms < :before_ms"
    " ORDER BY domain LIMIT :limit"
)


def policy(domain: bytes) -> Query[bytes | None]:
    """The sealed policy of a domain, by its keyed hash."""
    rows: Any = yield _ONE(domain=domain)
    return rows[0][0] if rows else None


def fetched_before(before_ms: int, after: bytes, limit: int) -> Query[Sequence[tuple[bytes, bytes]]]:
    """Keyed hashes and policies, in the order of the hashes."""
    rows: Any = yield _BEFORE(after=after, before_ms=before_ms, limit=limit)
    return [(bytes(domain), bytes(sealed)) for domain, sealed in rows]
