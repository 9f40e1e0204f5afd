"""Events about second factors."""

from skrytka.model.events.admin import AdminEvent
from skrytka.model.events.auth import AuthEvent


class SecondFactorAccepted(AuthEvent, frozen=True, kw_only=True):
    """A code or a signature was right."""

    PERSONAL = frozenset({"account_name", "remote"})
    ADDRESSES = frozenset({"account_name"})
    account: int
    account_name: str
    factor: str  # totp, webauthn, recovery
    remote: str
    service: str


class SecondFactorRefused(AuthEvent, frozen=True, kw_only=True):
    """It was wrong, used before, or tried too often."""

    PERSONAL = frozenset({"account_name", "remote"})
    ADDRESSES = frozenset({"account_name"})
    account: int
    account_name: str
    factor: str
    remote: str
    service: str
    reason: str
    failures: int = 0  # wrong codes in a row


class FactorsChanged(AdminEvent, frozen=True, kw_only=True):
    """Second factors or recovery codes of an account were added, removed or reset."""

    PERSONAL = frozenset({"actor", "account_name"})
    ADDRESSES = frozenset({"account_name"})
    actor: str
    account_name: str
    action: str  # factor.add, factor.remove, factor.reset, codes.make
    before: tuple[str, ...]  # kinds of the factors that there were
    after: tuple[str, ...]


class MfaRuleChanged(AdminEvent, frozen=True, kw_only=True):
    """Somebody has to have a second factor now, or needs none."""

    PERSONAL = frozenset({"actor", "subject", "reason"})
    actor: str
    scope: str  # role, domain, account
    subject: str
    before: str  # "", required, exempt
    after: str
    grace_days: int = 0
    until_ms: int | None = None
    reason: str = ""  # of an exception
