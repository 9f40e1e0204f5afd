"""Events about logins."""

from skrytka.model.events.base import Event, EventClass


class AuthEvent(Event, frozen=True, kw_only=True):
    """Somebody proved, or failed to prove, who he is."""

    CLASS = EventClass.AUTH


class LoginSucceeded(AuthEvent, frozen=True, kw_only=True):
    """Somebody is in."""

    PERSONAL = frozenset({"account_name", "remote"})
    ADDRESSES = frozenset({"account_name"})
    account: int
    account_name: str
    remote: str
    service: str
    mechanism: str
    means: str = "password"  # what was proven with: password, app_password, token, certificate
    app_password: int = 0  # its number


class LoginFailed(AuthEvent, frozen=True, kw_only=True):
    """A login was refused; the name of an unknown account is only a keyed hash."""

    PERSONAL = frozenset({"remote", "name"})
    ADDRESSES = frozenset({"name"})
    name: str  # the account's address, or "?" + keyed hash
    remote: str
    service: str
    mechanism: str
    reason: str
