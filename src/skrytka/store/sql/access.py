"""Questions about roles, web sessions, keys of programs and approvals, and the statements that change them."""

from typing import Any

from skrytka.model.ids import AccountId
from skrytka.store.access_rows import ApiKeyRow, ApprovalRow, ApprovalState, GrantRow, HandKind, HandRow, SessionRow
from skrytka.store.statement import Query, Statement

GIVE = Statement(
    "INSERT INTO access_grant (account, role, domain, given_at_ms) VALUES (:account, :role, :domain, :now_ms)"
    " ON CONFLICT (account, role, domain) DO NOTHING RETURNING account"
)
TAKE = Statement(
    "DELETE FROM access_grant WHERE account = :account AND role = :role AND domain = :domain RETURNING account"
)
TAKE_ALL = Statement("DELETE FROM access_grant WHERE account = :account")
TAKE_OF_DOMAIN = Statement("DELETE FROM access_grant WHERE domain = :domain")
MARK_ADMIN = Statement("UPDATE account SET is_admin = :is_admin WHERE account = :account")

BEGIN = Statement(
    "INSERT INTO web_session (account, session, record, created_at_ms, seen_at_ms, proved_at_ms)"
    " VALUES (:account, :session, :record, :now_ms, :now_ms, :proved_at_ms)"
)
SEEN = Statement(
    "UPDATE web_session SET seen_at_ms = :now_ms WHERE account = :account AND session = :session RETURNING session"
)
PROVED = Statement(
    "UPDATE web_session SET session = :new, proved_at_ms = :now_ms, seen_at_ms = :now_ms"
    " WHERE account = :account AND session = :session RETURNING session"
)
END = Statement("DELETE FROM web_session WHERE account = :account AND session = :session RETURNING session")
END_OTHERS = Statement("DELETE FROM web_session WHERE account = :account AND session <> :session RETURNING session")
EXPIRE_SESSIONS = Statement("DELETE FROM web_session WHERE created_at_ms < :before_ms RETURNING session")

ADD_KEY = Statement(
    "INSERT INTO api_key (account, api_key, mac, record, created_at_ms, expires_at_ms, used_at_ms)"
    " VALUES (:account, :api_key, :mac, :record, :now_ms, :expires_at_ms, 0)"
)
KEY_USED = Statement(
    "UPDATE api_key SET used_at_ms = :now_ms WHERE account = :account AND api_key = :api_key RETURNING api_key"
)
REMOVE_KEY = Statement("DELETE FROM api_key WHERE account = :account AND api_key = :api_key RETURNING api_key")
REMOVE_KEYS = Statement("DELETE FROM api_key WHERE account = :account")

ASK = Statement(
    "INSERT INTO approval (approval, account, digest, state, record, asked_at_ms, expires_at_ms)"
    " VALUES (:approval, :account, :digest, :state, :record, :now_ms, :expires_at_ms)"
)
WAITING_OF = Statement(
    "SELECT COUNT(*) FROM approval WHERE account = :account AND state = :waiting AND expires_at_ms > :now_ms"
)
DECIDE = Statement(
    "UPDATE approval SET state = :state, record = :record, decided_by = :by, decided_at_ms = :now_ms"
    " WHERE approval = :approval AND state = :was AND expires_at_ms > :now_ms RETURNING approval"
)
USE = Statement(
    "UPDATE approval SET state = :used WHERE approval = :approval AND state = :approved AND expires_at_ms > :now_ms"
    " RETURNING approval"
)
RETURN = Statement(
    "UPDATE approval SET state = :approved WHERE approval = :approval AND state = :used RETURNING approval"
)
EXPIRE_APPROVALS = Statement("DELETE FROM approval WHERE expires_at_ms < :before_ms RETURNING approval")

HAND = Statement(
    "INSERT INTO hand (account, kind, actor, at_ms) VALUES (:account, :kind, :actor, :now_ms)"
    " ON CONFLICT (account, kind, actor) DO UPDATE SET at_ms = excluded.at_ms"
)

_HANDS = Statement("SELECT account, kind, actor, at_ms FROM hand WHERE account = :account ORDER BY kind, actor")
_GRANTS = Statement(
    "SELECT g.account, a.address, g.role, g.domain, g.given_at_ms FROM access_grant g"
    " JOIN account a ON a.account = g.account WHERE g.account = :account ORDER BY g.role, g.domain"
)
_ALL_GRANTS = Statement(
    "SELECT g.account, a.address, g.role, g.domain, g.given_at_ms FROM access_grant g"
    " JOIN account a ON a.account = g.account ORDER BY a.address, g.role, g.domain"
)
_SESSION = Statement(
    "SELECT account, session, record, created_at_ms, seen_at_ms, proved_at_ms FROM web_session"
    " WHERE account = :account AND session = :session"
)
_SESSIONS = Statement(
    "SELECT account, session, record, created_at_ms, seen_at_ms, proved_at_ms FROM web_session"
    " WHERE account = :account ORDER BY created_at_ms, session"
)
_KEY = Statement(
    "SELECT account, api_key, mac, record, created_at_ms, expires_at_ms, used_at_ms FROM api_key"
    " WHERE account = :account AND api_key = :api_key"
)
_KEYS = Statement(
    "SELECT account, api_key, mac, record, created_at_ms, expires_at_ms, used_at_ms FROM api_key"
    " ORDER BY account, api_key"
)
_APPROVAL = Statement(
    "SELECT approval, account, digest, state, record, asked_at_ms, expires_at_ms, decided_by, decided_at_ms"
    " FROM approval WHERE approval = :approval"
)
_APPROVALS = Statement(
    "SELECT approval, account, digest, state, record, asked_at_ms, expires_at_ms, decided_by, decided_at_ms"
    " FROM approval ORDER BY approval DESC LIMIT 1000"
)
_APPROVALS_OF = Statement(
    "SELECT approval, account, digest, state, record, asked_at_ms, expires_at_ms, decided_by, decided_at_ms"
    " FROM approval WHERE account = :account ORDER BY approval DESC LIMIT 1000"
)
_USABLE = Statement(
    "SELECT approval FROM approval WHERE account = :account AND digest = :digest AND state = :approved"
    " AND expires_at_ms > :now_ms ORDER BY approval"
)


def grants(account: AccountId) -> Query[list[GrantRow]]:
    """The roles of one account."""
    rows: list[Any] = yield _GRANTS(account=account)
    return [GrantRow(*row) for row in rows]


def all_grants() -> Query[list[GrantRow]]:
    """By address."""
    rows: list[Any] = yield _ALL_GRANTS()
    return [GrantRow(*row) for row in rows]


def session(account: AccountId, session_: bytes) -> Query[SessionRow | None]:
    """The session, if it has not ended."""
    rows: list[Any] = yield _SESSION(account=account, session=session_)
    return SessionRow(*rows[0]) if rows else None


def sessions(account: AccountId) -> Query[list[SessionRow]]:
    """The oldest first."""
    rows: list[Any] = yield _SESSIONS(account=account)
    return [SessionRow(*row) for row in rows]


def api_key(account: AccountId, key: bytes) -> Query[ApiKeyRow | None]:
    """The key, expired ones too."""
    rows: list[Any] = yield _KEY(account=account, api_key=key)
    return ApiKeyRow(*rows[0]) if rows else None


def api_keys() -> Query[list[ApiKeyRow]]:
    """Of all accounts."""
    rows: list[Any] = yield _KEYS()
    return [ApiKeyRow(*row) for row in rows]


def approval(approval_: bytes) -> Query[ApprovalRow | None]:
    """One, expired or not."""
    rows: list[Any] = yield _APPROVAL(approval=approval_)
    return _approval(rows[0]) if rows else None


def approvals() -> Query[list[ApprovalRow]]:
    """The newest first, 1,000 at most."""
    rows: list[Any] = yield _APPROVALS()
    return [_approval(row) for row in rows]


def approvals_of(account: AccountId) -> Query[list[ApprovalRow]]:
    """Those that one account has asked for, the newest first, 1,000 at most."""
    rows: list[Any] = yield _APPROVALS_OF(account=account)
    return [_approval(row) for row in rows]


def hands(account: AccountId) -> Query[list[HandRow]]:
    """Who has had a hand in an account."""
    rows: list[Any] = yield _HANDS(account=account)
    return [HandRow(*row)._replace(kind=HandKind(row[1])) for row in rows]


def usable_approvals(account: AccountId, digest: bytes, now_ms: int) -> Query[list[bytes]]:
    """What somebody may do now because a second person agreed, the oldest first."""
    state = ApprovalState.APPROVED.value
    rows: list[Any] = yield _USABLE(account=account, digest=digest, approved=state, now_ms=now_ms)
    return [bytes(approval) for (approval,) in rows]


def _approval(row: Any) -> ApprovalRow:
    return ApprovalRow(*row)._replace(state=ApprovalState(row[3]))
