"""The words of logins: who asks, what the directory knows of an account, what is proven."""

import math
from enum import StrEnum
from typing import Final, Protocol

import msgspec

from skrytka.mail.identity.controls import Controls
from skrytka.model.address import Address
from skrytka.model.clock import Clock
from skrytka.model.errors import Reason
from skrytka.model.ids import AccountId
from skrytka.model.secret import Secret

_RIGHTS: Final = {
    "imaps": "imap",
    "submission": "smtp",
    "submissions": "smtp",
    "pop3s": "pop3",
    "managesieve": "sieve",
}
MAIL_RIGHTS: Final = frozenset({"imap", "smtp", "pop3", "sieve"})  # where mail programs log in
RIGHTS: Final = (*sorted(MAIL_RIGHTS), "web")
FRESH_S: Final = 300  # a proof of who somebody is counts as fresh for so long (OWASP ASVS 5 7.5.1)


def right_of(service: str) -> str:
    """What a service is called where somebody says who may use it: a listener's name without its kind of TLS."""
    return _RIGHTS.get(service, service)


class Peer(Protocol):
    """Where a login comes from; ``net.connection.ConnFacts`` is one."""

    @property
    def service(self) -> str: ...

    @property
    def remote(self) -> str: ...

    @property
    def network(self) -> str: ...

    @property
    def is_exempt(self) -> bool: ...

    @property
    def program(self) -> str: ...


class Credential(msgspec.Struct, frozen=True):
    """What the directory knows of an account that somebody names at a login."""

    account: AccountId
    address: Address
    stored: str | None  # None: no password is set
    is_suspended: bool = False
    services: frozenset[str] = frozenset()  # where the password may be used; empty: all
    has_mfa: bool = False  # then mail programs do not log in with the password
    fresh_until_ms: int = 2**62  # then it has to be read again, though nobody changed anything
    controls: Controls | None = None

    def may_use(self, service: str) -> bool:
        """Whether the password may be tried there at all."""
        right = right_of(service)
        return not self.is_suspended and (not self.services or service in self.services or right in self.services)

    def refusal(self, facts: Peer, now_ms: int) -> Reason | None:
        """Why nobody logs in to the account there and now, with whatever; None: it may be tried."""
        if self.is_suspended:
            return Reason.ACCOUNT_SUSPENDED
        if self.controls is None:
            return None
        return self.controls.refusal(right_of(facts.service), facts.remote, now_ms)

    def password_refusal(self, facts: Peer) -> Reason | None:
        """Why the password, right or wrong, opens nothing there."""
        if not self.may_use(facts.service):
            return Reason.NOT_PERMITTED
        if self.has_mfa and right_of(facts.service) in MAIL_RIGHTS:
            return Reason.MFA_REQUIRED
        return None


class Credentials(Protocol):
    """The part of the directory that a login reads and, at a renewed hash, writes."""

    @property
    def changes(self) -> int:
        """Counts up with every change of the directory that this process is told of."""
        ...

    async def find(self, address: Address) -> Credential | None: ...

    async def renew(self, account: AccountId, was: str, stored: str) -> None:
        """Replace a hash by one of the same password with today's cost, unless it changed meanwhile."""
        ...


class Means(StrEnum):
    """By what somebody proved who he is."""

    PASSWORD = "password"  # noqa: S105 - a word
    APP_PASSWORD = "app_password"  # noqa: S105 - a word
    TOKEN = "token"  # noqa: S105 - a word
    CERTIFICATE = "certificate"
    PROVIDER = "provider"  # of another house: OpenID Connect


class Login(msgspec.Struct, frozen=True):
    """A proven identity."""

    account: AccountId
    address: Address
    proof: bytes = b""  # what names the very thing it was proven by: another one after it was revoked
    means: Means = Means.PASSWORD
    expires_at_ms: int = 0  # 0: when it is revoked
    controls: Controls | None = None  # of the account, as they were at the login

    def ends_at_s(self, clock: Clock) -> float:
        """By the monotonic clock, when a session that began with it ends by itself; infinite where it does not."""
        if not self.expires_at_ms:
            return math.inf
        return clock.monotonic_s() + (self.expires_at_ms - clock.now_ms()) / 1000


class SecondFactors(Protocol):
    """What an account has beside its password."""

    async def is_needed(self, login: Login) -> bool: ...

    async def must_enrol(self, login: Login) -> bool:
        """Of who needs one: whether he has none yet, so that he can add one and nothing else."""
        ...

    async def must_change(self, login: Login) -> bool:
        """Whether his password was given by somebody else, so that he is asked for his own first."""
        ...

    async def check(self, login: Login, code: Secret, peer: Peer) -> None:
        """PermanentError(BAD_CREDENTIALS): it is wrong; TransientError(RATE_LIMITED): too often."""
        ...
