"""Questions about app passwords and certificates of clients, and the statements that change them."""

from typing import Any

from skrytka.model.ids import AccountId
from skrytka.store.rows import AppPasswordRow, CertificateRow
from skrytka.store.statement import Query, Statement

INSERT = Statement(
    "INSERT INTO app_password"
    " (account, number, mac, name_mac, record, created_at_ms, expires_at_ms, used_at_ms)"
    " VALUES (:account, :number, :mac, :name_mac, :record, :now_ms, :expires_at_ms, 0)"
    " ON CONFLICT DO NOTHING RETURNING number"
)
DELETE = Statement("DELETE FROM app_password WHERE account = :account AND number = :number RETURNING number")
DELETE_ALL = Statement("DELETE FROM app_password WHERE account = :account RETURNING number")
USED = Statement(
    "UPDATE app_password SET used_at_ms = :at_ms, used = :used"
    " WHERE account = :account AND number = :number AND used_at_ms < :at_ms"
)
COUNT = Statement("SELECT count(*) FROM app_password WHERE account = :account")
NAMED = Statement("SELECT number FROM app_password WHERE account = :account AND name_mac = :name_mac")
INSERT_CERTIFICATE = Statement(
    "INSERT INTO client_certificate (account, fingerprint, created_at_ms)"
    " VALUES (:account, :fingerprint, :now_ms) ON CONFLICT DO NOTHING RETURNING account"
)
DELETE_CERTIFICATE = Statement(
    "DELETE FROM client_certificate WHERE account = :account AND fingerprint = :fingerprint RETURNING account"
)
DELETE_CERTIFICATES = Statement("DELETE FROM client_certificate WHERE account = :account")

_COLUMNS = "account, number, mac, record, created_at_ms, expires_at_ms, used_at_ms, used"
_BY_MAC = Statement(f"SELECT {_COLUMNS} FROM app_password WHERE account = :account AND mac = :mac")  # noqa: S608
_AFTER = Statement(
    f"SELECT {_COLUMNS} FROM app_password"  # noqa: S608 - a constant
    " WHERE account = :account AND number > :number ORDER BY number LIMIT :limit"
)
_CERTIFICATE_OWNER = Statement(
    "SELECT a.address FROM client_certificate c JOIN account a ON a.account = c.account"
    " WHERE c.fingerprint = :fingerprint"
)
_CERTIFICATES = Statement(
    "SELECT account, fingerprint, created_at_ms FROM client_certificate"
    " WHERE account = :account ORDER BY created_at_ms, fingerprint"
)


def by_mac(account: AccountId, mac: bytes) -> Query[AppPasswordRow | None]:
    """The app password of that keyed hash: one look into an index, however many there are."""
    rows: list[Any] = yield _BY_MAC(account=account, mac=mac)
    return AppPasswordRow(*rows[0]) if rows else None


def after(account: AccountId, number: int, limit: int) -> Query[list[AppPasswordRow]]:
    """Some of the account's app passwords, by number; 0 begins."""
    rows: list[Any] = yield _AFTER(account=account, number=number, limit=limit)
    return [AppPasswordRow(*row) for row in rows]


def certificate_owner(fingerprint: bytes) -> Query[str | None]:
    """The address of the account that logs in with that certificate."""
    rows: list[Any] = yield _CERTIFICATE_OWNER(fingerprint=fingerprint)
    return rows[0][0] if rows else None


def certificates(account: AccountId) -> Query[list[CertificateRow]]:
    """Certificates the account may log in with."""
    rows: list[Any] = yield _CERTIFICATES(account=account)
    return [CertificateRow(*row) for row in rows]
