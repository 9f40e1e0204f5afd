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


class MachineRefused(AuthEvent, frozen=True, kw_only=True):
    """Somebody connected with a certificate, or without one, and that opens nothing there."""

    PERSONAL = frozenset({"remote"})
    service: str
    remote: str
    machine: str  # as its certificate says; "" where it has none, or one of others
    reason: str  # missing, purpose, revoked, other_account, token, expired, untrusted


class AttackSeen(AuthEvent, frozen=True, kw_only=True):
    """An attack on logins was seen over all accounts, and something is done about it for a time."""

    PERSONAL = frozenset({"source", "name"})
    ADDRESSES = frozenset({"name"})
    attack: str  # spraying, brute_force...
    source: str  # an address or a network; "" for many
    name: str  # "?" + keyed hash of the one account that it is about; "" for many
    tries: int
    accounts: int
    networks: int
    act: str  # refuse, slow, close
    seconds: int


class LoginOdd(AuthEvent, frozen=True, kw_only=True):
    """A login was right and strange: its owner is told."""

    PERSONAL = frozenset({"account_name", "remote", "country"})
    ADDRESSES = frozenset({"account_name"})
    account: int
    account_name: str
    remote: str
    service: str
    mechanism: str
    country: str  # ISO 3166-1; "" where it is not known
    oddities: tuple[str, ...]
    score: int


class AccountLocked(AuthEvent, frozen=True, kw_only=True):
    """Somebody else was in an account, or may have been: nothing that it had opens it any more."""

    PERSONAL = frozenset({"account_name", "actor"})
    ADDRESSES = frozenset({"account_name"})
    actor: str  # who said so; "owner" for the link of an alert
    account: int
    account_name: str
    held: int  # messages of its that wait in the queue and are held now


class AccountTrusted(AuthEvent, frozen=True, kw_only=True):
    """An administrator took an account's lock back, or opened it to networks that it was closed to."""

    PERSONAL = frozenset({"account_name", "actor"})
    ADDRESSES = frozenset({"account_name"})
    actor: str
    account: int
    account_name: str
    was_locked: bool
