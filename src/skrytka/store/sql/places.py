"""Where accounts are at home, which are locked because somebody else was in, and the links of alerts."""

from typing import Any, NamedTuple

from skrytka.model.ids import AccountId
from skrytka.store.statement import Query, Statement

PUT = Statement(
    "INSERT INTO known_place (account, kind, mac, first_at_ms, last_at_ms)"
    " VALUES (:account, :kind, :mac, :now_ms, :now_ms)"
    " ON CONFLICT (account, kind, mac) DO UPDATE SET last_at_ms = excluded.last_at_ms"
)
DROP_OLDEST = Statement(
    "DELETE FROM known_place WHERE account = :account AND kind = :kind AND mac IN"
    " (SELECT mac FROM known_place WHERE account = :account AND kind = :kind ORDER BY last_at_ms DESC LIMIT 1000"
    " OFFSET :most)"
)
DROP_BEFORE = Statement(
    "DELETE FROM known_place WHERE (account, kind, mac) IN"
    " (SELECT account, kind, mac FROM known_place WHERE last_at_ms < :before_ms ORDER BY last_at_ms LIMIT :limit)"
    " RETURNING account"
)
DROP_ALL = Statement("DELETE FROM known_place WHERE account = :account")
_OF_ADDRESS = Statement(
    "SELECT p.kind, p.mac, p.first_at_ms, p.last_at_ms FROM address k JOIN known_place p ON p.account = k.account"
    " WHERE k.key = :key"
)
_FIRST = Statement("SELECT first_at_ms FROM known_place ORDER BY first_at_ms LIMIT 1")

PUT_LOCK = Statement(
    "INSERT INTO account_lock (account, since_ms, reason, verifier) VALUES (:account, :now_ms, :reason, :verifier)"
    " ON CONFLICT (account)"
    " DO UPDATE SET since_ms = excluded.since_ms, reason = excluded.reason, verifier = excluded.verifier"
)
DROP_LOCK = Statement("DELETE FROM account_lock WHERE account = :account RETURNING verifier")
_LOCK = Statement("SELECT since_ms, reason FROM account_lock WHERE account = :account")

PUT_ALERT = Statement(
    "INSERT INTO login_alert (account, token, expires_at_ms) VALUES (:account, :token, :expires_at_ms)"
    " ON CONFLICT (account, token) DO NOTHING"
)
COUNT_ALERTS = Statement("SELECT count(*) FROM login_alert WHERE account = :account AND expires_at_ms > :now_ms")
TAKE_ALERT = Statement("DELETE FROM login_alert WHERE account = :account AND token = :token RETURNING expires_at_ms")
DROP_ALERTS = Statement("DELETE FROM login_alert WHERE account = :account")
DROP_STALE_ALERTS = Statement("DELETE FROM login_alert WHERE expires_at_ms < :now_ms RETURNING account")
_ALERT = Statement("SELECT 1 FROM login_alert WHERE account = :account AND token = :token AND expires_at_ms > :now_ms")


class PlaceRow(NamedTuple):
    """One place; ``mac`` is the keyed hash of what it is."""

    kind: str
    mac: bytes
    first_at_ms: int
    last_at_ms: int


class LockRow(NamedTuple):
    """Why nobody comes in."""

    since_ms: int
    reason: str


def of_address(key: str) -> Query[list[PlaceRow]]:
    """Places of the account with that address; nothing for an address that is no account's."""
    rows: list[Any] = yield _OF_ADDRESS(key=key)
    return [PlaceRow(kind, bytes(mac), first, last) for kind, mac, first, last in rows]


def watched_since_ms() -> Query[int | None]:
    """When the first place of anybody was noted."""
    rows: list[Any] = yield _FIRST()
    return rows[0][0] if rows else None


def lock_of(account: AccountId) -> Query[LockRow | None]:
    """The lock of an account that somebody else was in."""
    rows: list[Any] = yield _LOCK(account=account)
    return LockRow(*rows[0]) if rows else None


def has_alert(account: AccountId, token: bytes, now_ms: int) -> Query[bool]:
    """Whether a link may still be used."""
    return bool((yield _ALERT(account=account, token=token, now_ms=now_ms)))
