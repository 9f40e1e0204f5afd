"""The one answer to "may X do Y from Z": here, whether a password opens a service.

Order: limits by (account, network) and by remote address, then the directory, then the hash. What a peer can tell
apart is only right, wrong and "too often": unknown names, suspended accounts and services that an account may not use
cost the same hash and get the same answer. The account's own limit counts one network only, so nobody can lock out
somebody else.

Tries for one account from one network, and those from one address, come one after the other in each process: a limit
counts a try until it is known to be right, so fifty clients that come back at once would stop each other; and the
second of one account finds that the first was right, without a hash. Where an account is at home (``Watch.delay``), the
limit of the address is not asked, so nobody who shares it can lock the account out either.
"""

import hashlib
import hmac
from typing import Final, Protocol

import msgspec

from skrytka.mail.identity.passwords import NOBODY, Passwords, RecentLogins
from skrytka.mail.identity.turns import Turns
from skrytka.model.address import Address, AddressError
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.events import Emitter, LoginFailed, LoginSucceeded
from skrytka.model.ids import AccountId
from skrytka.model.secret import Secret
from skrytka.model.settings import Login as LoginSettings
from skrytka.net.facts import host_of
from skrytka.net.limits import SharedLimits

NAME_SUBJECT: Final = "node:address"  # key of the hashes by which events name what is no account
NAME_MAX: Final = 320
BY_ACCOUNT_NETWORK: Final = "login-account-network"
VALID_MAX: Final = 10_000  # logins of which this process knows that they hold
BY_ADDRESS: Final = "login-address"


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


class Attempt(msgspec.Struct, frozen=True):
    """One try to log in, as a :class:`Watch` sees it; the password is not in it."""

    key: str  # Address.key, or what was typed in lower case
    name: str  # the same as events hide it: for an account and for nobody alike
    facts: Peer
    mechanism: str


class Watch(Protocol):
    """Sees each try: what slows attacks down, tells of them, and knows where an account is at home."""

    async def delay(self, attempt: Attempt) -> bool:
        """Waits as long as the try has to wait; TransientError(RATE_LIMITED) refuses it, before any hash.

        True: the account has logged in from there before, so what others do at that address is not held against it.
        """
        ...

    def note(self, attempt: Attempt, found: "Credential | None", error: BaseException | None) -> None:
        """What came of it, exactly once after each :meth:`delay` that returned. No error: it was a login."""
        ...


class Unwatched:
    """A :class:`Watch` that lets everybody try, for tools and tests."""

    async def delay(self, attempt: Attempt) -> bool:
        return False

    def note(self, attempt: Attempt, found: "Credential | None", error: BaseException | None) -> None:
        pass


class Credential(msgspec.Struct, frozen=True):
    """What the directory knows of an account that somebody names at a login."""

    account: AccountId
    address: Address
    stored: str | None  # None: no password is set
    is_suspended: bool = False
    services: frozenset[str] = frozenset()  # empty: all

    def may_use(self, service: str) -> bool:
        """Whether the password may be tried there at all."""
        return not self.is_suspended and (not self.services or service in self.services)


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


class Login(msgspec.Struct, frozen=True):
    """A proven identity."""

    account: AccountId
    address: Address
    proof: bytes = b""  # digest of the stored hash that the password was proven against


class Identity:
    """Logins of one process."""

    def __init__(  # noqa: PLR0913 - the one door for passwords needs all of them
        self,
        credentials: Credentials,
        passwords: Passwords,
        recent: RecentLogins,
        limits: SharedLimits,
        settings: LoginSettings,
        events: Emitter,
        name_key: Secret,
        *,
        watch: Watch | None = None,
    ) -> None:
        self._credentials = credentials
        self._passwords = passwords
        self._recent = recent
        self._limits = limits
        self._settings = settings
        self._events = events
        self._name_key = name_key
        self._watch = watch or Unwatched()
        self._turns = Turns()
        self._valid: dict[tuple[AccountId, bytes, str], int] = {}  # found valid when the directory had so many changes

    async def login(self, name: str, password: Secret, facts: Peer, mechanism: str) -> Login:
        """Who it is. PermanentError(BAD_CREDENTIALS) for all that is wrong, TransientError(RATE_LIMITED) before a hash.

        Emits LoginSucceeded or LoginFailed itself.
        """
        address = _parse(name)
        key = name[:NAME_MAX].lower() if address is None else address.key
        attempt = Attempt(key, hidden_name(self._name_key, key), facts, mechanism)
        async with self._turns.of(f"account {key} {facts.network}"):
            try:
                is_at_home = await self._watch.delay(attempt)
            except TransientError as exc:
                raise self._failed(key, None, facts, mechanism, exc) from exc
            return await self._watched(address, password, attempt, is_at_home=is_at_home)

    async def _watched(self, address: Address | None, password: Secret, attempt: Attempt, *, is_at_home: bool) -> Login:
        is_alone = is_at_home or attempt.facts.is_exempt  # what others try at that address does not matter
        found: list[Credential] = []
        error: BaseException | None = None
        try:
            async with self._turns.of(*(() if is_alone else (f"address {host_of(attempt.facts.remote)}",))):
                return await self._try(address, password, attempt, found, is_at_home=is_at_home)
        except BaseException as exc:
            error = exc
            raise
        finally:
            self._watch.note(attempt, found[0] if found else None, error)

    def refuse(self, name: str, facts: Peer, mechanism: str) -> None:
        """Tell of somebody who wants to act as somebody else, which nobody may; nothing is looked up or hashed."""
        address = _parse(name)
        key = name[:NAME_MAX].lower() if address is None else address.key
        self._failed(key, None, facts, mechanism, PermanentError(Reason.NOT_PERMITTED))

    async def _try(
        self, address: Address | None, password: Secret, attempt: Attempt, seen: list[Credential], *, is_at_home: bool
    ) -> Login:
        """``seen`` gets what the directory knows of the name."""
        key, facts, mechanism = attempt.key, attempt.facts, attempt.mechanism
        if not await self._take(attempt, is_at_home=is_at_home):
            raise self._failed(key, None, facts, mechanism, TransientError(Reason.RATE_LIMITED))
        try:
            found = await self._credentials.find(address) if address is not None else None
            seen.extend([] if found is None else [found])
            usable = await self._prove(found, password, facts)
        except TransientError:  # our trouble, not his: it must not count against him
            await self._refund(attempt, is_at_home=is_at_home)
            raise
        if usable is None:
            error = PermanentError(Reason.BAD_CREDENTIALS, _why(found, facts))
            raise self._failed(key, found, facts, mechanism, error)
        await self._refund(attempt, is_at_home=is_at_home)
        self._events.emit(
            LoginSucceeded(
                account=usable.account,
                account_name=str(usable.address),
                remote=facts.remote,
                service=facts.service,
                mechanism=mechanism,
            )
        )
        return Login(usable.account, usable.address, _proof(usable))

    async def is_still_valid(self, login: Login, facts: Peer) -> bool:
        """Whether a session that began with this login may go on: the password is still the same and may be used there.

        One read of the directory after each of its changes, for a read costs 100 µs and submission asks twice a
        message; True while nothing can be read, for then there is nothing to be had either.
        """
        key, changes = (login.account, login.proof, facts.service), self._credentials.changes
        if self._valid.get(key) == changes:
            return True
        try:
            found = await self._credentials.find(login.address)
        except TransientError:
            return True
        is_valid = (
            found is not None
            and found.account == login.account
            and found.may_use(facts.service)
            and hmac.compare_digest(_proof(found), login.proof)
        )
        if is_valid:
            if len(self._valid) >= VALID_MAX:
                self._valid.clear()
            self._valid[key] = changes
        return is_valid

    async def _prove(self, found: Credential | None, password: Secret, facts: Peer) -> Credential | None:
        """The account, if it may be used there and the password is right; always the cost of a hash or a recent one."""
        if found is None or not found.may_use(facts.service):
            await self._passwords.verify(NOBODY, password, None)
            return None
        return await self._proven(found, password)

    async def _proven(self, credential: Credential, password: Secret) -> Credential | None:
        """The credential as it is stored from now on; None when the password is wrong."""
        stored = credential.stored
        if stored is not None and self._recent.has(credential.account, stored, password):
            return credential
        check = await self._passwords.verify(credential.account, password, stored)
        if not check.is_right or stored is None:
            return None
        if check.is_outdated:
            stored = await self._renew(credential.account, stored, password)
        self._recent.add(credential.account, stored, password)
        return msgspec.structs.replace(credential, stored=stored)

    async def _renew(self, account: AccountId, was: str, password: Secret) -> str:
        """The new hash; the old one when the store has no time now: the next login tries again."""
        try:
            stored = await self._passwords.hash(account, password)
            await self._credentials.renew(account, was, stored)
        except TransientError:
            return was
        return stored

    async def _take(self, attempt: Attempt, *, is_at_home: bool) -> bool:
        facts, settings = attempt.facts, self._settings
        if facts.is_exempt:
            return True
        if not is_at_home and not await self._limits.take(
            BY_ADDRESS, host_of(facts.remote), limit=settings.failures_per_address, window_s=settings.window_s
        ):
            return False
        return await self._limits.take(
            BY_ACCOUNT_NETWORK,
            f"{attempt.name} {facts.network}",
            limit=settings.failures_per_account_network,
            window_s=settings.window_s,
        )

    async def _refund(self, attempt: Attempt, *, is_at_home: bool) -> None:
        facts = attempt.facts
        if facts.is_exempt:
            return
        if not is_at_home:
            await self._limits.refund(BY_ADDRESS, host_of(facts.remote))
        await self._limits.refund(BY_ACCOUNT_NETWORK, f"{attempt.name} {facts.network}")

    def _failed(
        self,
        key: str,
        found: Credential | None,
        facts: Peer,
        mechanism: str,
        error: TransientError | PermanentError,
    ) -> TransientError | PermanentError:
        """The error to raise, after its event; what was typed as the name may be a password, so it is hashed.

        A login that is refused for its number is hashed too: to look the account up would take a time that tells
        whether it exists. ``trace`` hashes the address it is asked for and finds both.
        """
        shown = str(found.address) if found is not None else hidden_name(self._name_key, key)
        self._events.emit(
            LoginFailed(
                name=shown,
                remote=facts.remote,
                service=facts.service,
                mechanism=mechanism,
                reason=error.detail or error.reason.value,
            )
        )
        return error


def is_same_name(one: str, other: str) -> bool:
    """Whether an authorisation identity is the name that logs in (RFC 4616 2)."""
    one_address, other_address = _parse(one), _parse(other)
    if one_address is None or other_address is None:
        return one == other
    return one_address.key == other_address.key


def hidden_name(name_key: Secret, key: str) -> str:
    """How events name what is not, or not yet, known to be an account; ``key`` is ``Address.key`` of an address."""
    return "?" + hmac.digest(name_key.reveal(), key.encode("utf-8", "replace"), hashlib.sha256)[:12].hex()


def _proof(credential: Credential) -> bytes:
    return hashlib.sha256((credential.stored or "").encode()).digest()[:16]


def _parse(name: str) -> Address | None:
    try:
        return Address.parse(name) if len(name) <= NAME_MAX else None
    except AddressError:
        return None


def _why(found: Credential | None, facts: Peer) -> str:
    """Closed words for the event; the peer never sees them."""
    if found is None:
        return Reason.NO_SUCH_USER.value
    if found.is_suspended:
        return Reason.ACCOUNT_SUSPENDED.value
    if not found.may_use(facts.service):
        return Reason.NOT_PERMITTED.value
    return Reason.BAD_CREDENTIALS.value
