"""Rows and vocabulary of passwords that were, second factors, one-time codes and rules about them."""

from enum import StrEnum
from typing import NamedTuple

from skrytka.model.ids import AccountId


class FactorKind(StrEnum):
    """What a second factor is. E-mail is none: its address is the very thing that is protected."""

    TOTP = "totp"  # six digits of an app (RFC 6238)
    WEBAUTHN = "webauthn"  # a passkey or a security key


class CodeKind(StrEnum):
    """What a code that works once is for."""

    RECOVERY = "recovery"  # instead of a factor, when all are lost
    PASSWORD = "password"  # noqa: S105 - to set a password without the old one
    ENROL = "enrol"  # to add the first factor where one is demanded


class RuleScope(StrEnum):
    """Whom a rule about second factors is for."""

    ROLE = "role"
    DOMAIN = "domain"
    ACCOUNT = "account"


class Notice(StrEnum):
    """What the owner of an account is told by a mail into his mailbox."""

    PASSWORD_CHANGED = "password.changed"  # noqa: S105 - says that it was
    PASSWORD_GIVEN = "password.given"  # noqa: S105 - by an administrator
    PASSWORD_RESET = "password.reset"  # noqa: S105 - an administrator made a code to set a new one
    TOTP_ADDED = "totp.added"
    TOTP_REMOVED = "totp.removed"
    WEBAUTHN_ADDED = "webauthn.added"
    WEBAUTHN_REMOVED = "webauthn.removed"
    CODES_MADE = "codes.made"
    CODE_USED = "code.used"
    FACTORS_RESET = "factors.reset"
    APP_PASSWORD_ADDED = "app_password.added"  # noqa: S105 - says that it was
    APP_PASSWORDS_REMOVED = "app_passwords.removed"
    CERTIFICATE_ADDED = "certificate.added"
    DELEGATED = "delegated"
    SHARED = "shared"
    PROVIDER_LINKED = "provider.linked"
    PROVIDER_UNLINKED = "provider.unlinked"


class FactorRow(NamedTuple):
    """A second factor of an account; its secret and its name are sealed."""

    account: AccountId
    factor: int  # unique in its account
    kind: FactorKind
    sealed: bytes
    counter: int  # TOTP: the last step that was used; WebAuthn: the authenticator's counter of signatures
    failures: int  # wrong codes in a row
    created_at_ms: int
    used_at_ms: int | None

    def __repr__(self) -> str:
        return f"FactorRow(account={self.account}, factor={self.factor}, kind={self.kind.value!r})"


class RuleRow(NamedTuple):
    """Who has to have a second factor, or (not required) needs none until a day."""

    scope: RuleScope
    subject: str  # name of a role, a domain (A-labels), Address.key of an account
    is_required: bool
    grace_ms: int  # from when the rule or the account was made, whichever came later
    until_ms: int | None  # None: for ever
    created_at_ms: int


class NoticeRow(NamedTuple):
    """Something that has not been told yet."""

    notice: bytes  # 16 bytes
    account: AccountId
    what: Notice
    created_at_ms: int
