"""Questions about old passwords, second factors, one-time codes and rules, and the statements that change them."""

from typing import Any

from skrytka.model.ids import AccountId
from skrytka.store.factor_rows import CodeKind, FactorKind, FactorRow, Notice, NoticeRow, RuleRow, RuleScope
from skrytka.store.statement import Query, Statement

KEEP_PASSWORD = Statement(
    "INSERT INTO password_history (account, number, verifier, replaced_at_ms)"
    " SELECT c.account, (SELECT COALESCE(MAX(h.number), 0) + 1 FROM password_history h WHERE h.account = :account),"
    " c.verifier, :now_ms FROM credential c WHERE c.account = :account AND c.kind = :kind"
)
LAST_KEPT = Statement("SELECT COALESCE(MAX(number), 0) FROM password_history WHERE account = :account")
FORGET_PASSWORDS = Statement("DELETE FROM password_history WHERE account = :account AND number <= :number")
PASSWORD = Statement("SELECT verifier FROM credential WHERE account = :account AND kind = :kind")

INSERT_FACTOR = Statement(
    "INSERT INTO factor (account, factor, kind, sealed, counter, failures, created_at_ms, used_at_ms)"
    " VALUES (:account, :factor, :kind, :sealed, :counter, 0, :now_ms, NULL)"
    " ON CONFLICT (account, factor) DO NOTHING RETURNING factor"
)
COUNT_FACTORS = Statement("SELECT COUNT(*) FROM factor WHERE account = :account")
USE_FACTOR = Statement(
    "UPDATE factor SET counter = :counter, failures = 0, used_at_ms = :now_ms"
    " WHERE account = :account AND factor = :factor AND failures < :failures_max"
    " AND (counter < :counter OR (counter = 0 AND :counter = 0)) RETURNING factor"
)
FAIL_FACTORS = Statement(
    "UPDATE factor SET failures = failures + 1 WHERE account = :account AND kind = :kind RETURNING failures"
)
DELETE_FACTOR = Statement("DELETE FROM factor WHERE account = :account AND factor = :factor RETURNING kind")
DELETE_FACTORS = Statement("DELETE FROM factor WHERE account = :account")

INSERT_CODE = Statement(
    "INSERT INTO login_code (account, kind, mac, created_at_ms, expires_at_ms)"
    " VALUES (:account, :kind, :mac, :now_ms, :expires_at_ms)"
)
USE_CODE = Statement(
    "DELETE FROM login_code WHERE account = :account AND kind = :kind AND mac = :mac"
    " AND (expires_at_ms IS NULL OR expires_at_ms > :now_ms) RETURNING mac"
)
DELETE_CODES = Statement("DELETE FROM login_code WHERE account = :account AND kind = :kind")
DELETE_ALL_CODES = Statement("DELETE FROM login_code WHERE account = :account")
COUNT_CODES = Statement("SELECT COUNT(*) FROM login_code WHERE account = :account AND kind = :kind")

PUT_RULE = Statement(
    "INSERT INTO mfa_rule (scope, subject, is_required, grace_ms, until_ms, created_at_ms)"
    " VALUES (:scope, :subject, :is_required, :grace_ms, :until_ms, :now_ms)"
    " ON CONFLICT (scope, subject) DO UPDATE SET is_required = excluded.is_required, grace_ms = excluded.grace_ms,"
    " until_ms = excluded.until_ms, created_at_ms = excluded.created_at_ms"
)
DELETE_RULE = Statement("DELETE FROM mfa_rule WHERE scope = :scope AND subject = :subject RETURNING subject")

INSERT_NOTICE = Statement(
    "INSERT INTO notice (notice, account, what, created_at_ms) VALUES (:notice, :account, :what, :now_ms)"
)
DELETE_NOTICE = Statement("DELETE FROM notice WHERE notice = :notice")
DELETE_NOTICES = Statement("DELETE FROM notice WHERE account = :account")

_HAS_CODE = Statement(
    "SELECT mac FROM login_code WHERE account = :account AND kind = :kind AND mac = :mac"
    " AND (expires_at_ms IS NULL OR expires_at_ms > :now_ms)"
)
_HISTORY = Statement("SELECT verifier FROM password_history WHERE account = :account ORDER BY number DESC LIMIT :limit")
_FACTORS = Statement(
    "SELECT account, factor, kind, sealed, counter, failures, created_at_ms, used_at_ms FROM factor"
    " WHERE account = :account ORDER BY factor"
)
_HAS_FACTOR = Statement("SELECT factor FROM factor WHERE account = :account LIMIT 1")
_RULES = Statement(
    "SELECT scope, subject, is_required, grace_ms, until_ms, created_at_ms FROM mfa_rule ORDER BY scope, subject"
)
_RULES_OF = Statement(
    "SELECT scope, subject, is_required, grace_ms, until_ms, created_at_ms FROM mfa_rule"
    " WHERE scope = 'role' OR (scope = 'domain' AND subject = :domain) OR (scope = 'account' AND subject = :address)"
    " ORDER BY scope, subject"
)
_NOTICES = Statement("SELECT notice, account, what, created_at_ms FROM notice ORDER BY notice LIMIT :limit")


def password_history(account: AccountId, limit: int) -> Query[list[bytes]]:
    """The verifiers of passwords that were, the last one first."""
    rows: list[Any] = yield _HISTORY(account=account, limit=limit)
    return [bytes(verifier) for (verifier,) in rows]


def factors(account: AccountId) -> Query[list[FactorRow]]:
    """The second factors of an account in the order of their numbers."""
    rows: list[Any] = yield _FACTORS(account=account)
    return [FactorRow(*row)._replace(kind=FactorKind(row[2])) for row in rows]


def has_factor(account: AccountId) -> Query[bool]:
    """Whether it has any."""
    return bool((yield _HAS_FACTOR(account=account)))


def codes_left(account: AccountId, kind: CodeKind) -> Query[int]:
    """How many codes of a kind there are; some may be out of date."""
    rows: list[Any] = yield COUNT_CODES(account=account, kind=kind.value)
    return int(rows[0][0])


def has_code(account: AccountId, kind: CodeKind, mac: bytes, now_ms: int) -> Query[bool]:
    """Whether the code would work now."""
    return bool((yield _HAS_CODE(account=account, kind=kind.value, mac=mac, now_ms=now_ms)))


def rules() -> Query[list[RuleRow]]:
    """All rules about second factors."""
    return _rules((yield _RULES()))


def rules_of(address: str) -> Query[list[RuleRow]]:
    """Those that may be about an account: its own, its domain's, and those of all roles."""
    return _rules((yield _RULES_OF(address=address, domain=address.rpartition("@")[2])))


def notices(limit: int) -> Query[list[NoticeRow]]:
    """What is to be told, the oldest first."""
    rows: list[Any] = yield _NOTICES(limit=limit)
    return [NoticeRow(bytes(row[0]), row[1], Notice(row[2]), row[3]) for row in rows]


def _rules(rows: list[Any]) -> list[RuleRow]:
    return [RuleRow._make(row)._replace(scope=RuleScope(row[0]), is_required=bool(row[2])) for row in rows]
