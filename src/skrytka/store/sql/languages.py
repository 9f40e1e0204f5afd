"""In which language somebody is written to: that of the account, else that of its domain."""

from typing import Any

from skrytka.model.ids import AccountId
from skrytka.store.statement import Query, Statement

PUT_OF_ACCOUNT = Statement(
    "INSERT INTO account_language (account, language) VALUES (:account, :language)"
    " ON CONFLICT (account) DO UPDATE SET language = excluded.language"
)
PUT_OF_DOMAIN = Statement(
    "INSERT INTO domain_language (domain, language) VALUES (:domain, :language)"
    " ON CONFLICT (domain) DO UPDATE SET language = excluded.language"
)
DELETE_OF_ACCOUNT = Statement("DELETE FROM account_language WHERE account = :account")
DELETE_OF_DOMAIN = Statement("DELETE FROM domain_language WHERE domain = :domain")

_OF_ACCOUNT = Statement(
    "SELECT l.language, d.language FROM account a LEFT JOIN account_language l ON l.account = a.account"
    " LEFT JOIN domain_language d ON d.domain = a.domain WHERE a.account = :account"
)
_OF_DOMAIN = Statement(
    "SELECT l.language FROM domain d JOIN domain_language l ON l.domain = d.domain WHERE d.name = :name"
)
_ACCOUNTS = Statement("SELECT account, language FROM account_language")
_DOMAINS = Statement("SELECT d.name, l.language FROM domain d JOIN domain_language l ON l.domain = d.domain")


def own(account: AccountId) -> Query[str]:
    """What was set for the account itself; "": nothing was."""
    rows: list[Any] = yield _OF_ACCOUNT(account=account)
    return (rows[0][0] or "") if rows else ""


def of_account(account: AccountId) -> Query[str]:
    """In which language its owner is written to; "": in the server's."""
    rows: list[Any] = yield _OF_ACCOUNT(account=account)
    return (rows[0][0] or rows[0][1] or "") if rows else ""


def of_domain(name: str) -> Query[str]:
    """What was set for the domain; "": nothing was."""
    rows: list[Any] = yield _OF_DOMAIN(name=name)
    return str(rows[0][0]) if rows else ""


def accounts() -> Query[dict[AccountId, str]]:
    """Of all accounts that have one of their own."""
    rows: list[Any] = yield _ACCOUNTS()
    return {AccountId(account): language for account, language in rows}


def domains() -> Query[dict[str, str]]:
    """Of all domains that have one, by name."""
    rows: list[Any] = yield _DOMAINS()
    return dict(rows)
