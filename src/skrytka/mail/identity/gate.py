"""What stands around every try to log in: who watches, limits, one at a time, and an event after it.

Tries for one account from one network, and those from one address, come one after the other in each process: a limit
counts a try until it is known to be right, so fifty clients that come back at once would stop each other; and the
second of one account finds that the first was right, without a hash. The account's own limit counts one network only,
so nobody can lock out somebody else. Where an account is at home (``Watch.delay``), the limit of the address is not
asked, so nobody who shares it can lock the account out either.
"""

import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from skrytka.mail.identity.turns import Turns
from skrytka.mail.identity.types import Credential, Login, Peer
from skrytka.mail.identity.watch import Attempt, Unwatched, Watch
from skrytka.model.address import Address, AddressError
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.events import Emitter, LoginFailed, LoginSucceeded
from skrytka.model.secret import Secret
from skrytka.model.settings import Login as LoginSettings
from skrytka.net.facts import host_of
from skrytka.net.limits import SharedLimits

NAME_MAX: Final = 320
BY_ACCOUNT_NETWORK: Final = "login-account-network"
BY_ADDRESS: Final = "login-address"


class Try:
    """One try, from which it has come to what became of it."""

    __slots__ = ("address", "facts", "found", "key", "mechanism")

    def __init__(self, name: str, facts: Peer, mechanism: str) -> None:
        self.address = parse_name(name)
        self.key = name[:NAME_MAX].lower() if self.address is None else self.address.key
        self.facts = facts
        self.mechanism = mechanism
        self.found: Credential | None = None  # what the directory knows of the name, once it was asked


class Gate:
    """Of one process."""

    def __init__(
        self,
        limits: SharedLimits,
        settings: LoginSettings,
        events: Emitter,
        name_key: Secret,
        watch: Watch | None = None,
    ) -> None:
        self._limits = limits
        self._settings = settings
        self._events = events
        self._name_key = name_key
        self._watch = watch or Unwatched()
        self._turns = Turns()

    @asynccontextmanager
    async def open(self, asked: Try) -> AsyncIterator[None]:
        """Around a try: who watches may delay or refuse it, and it is counted unless it is right or we are in trouble.

        TransientError(RATE_LIMITED) before anything is looked up.
        """
        attempt = self._attempt(asked)
        try:  # before its turn: who waits holds nobody up
            is_at_home = await self._watch.delay(attempt)
        except TransientError as exc:
            raise self.failed(asked, exc) from exc
        error: BaseException | None = None
        try:
            async with self._turns.of(*_turns(attempt, is_at_home=is_at_home)):
                if not await self._take(attempt, is_at_home=is_at_home):
                    raise self.failed(asked, TransientError(Reason.RATE_LIMITED))
                try:
                    yield
                except TransientError:  # our trouble, not his: it must not count against him
                    await self._refund(attempt, is_at_home=is_at_home)
                    raise
                await self._refund(attempt, is_at_home=is_at_home)
        except BaseException as exc:
            error = exc
            raise
        finally:
            self._watch.note(attempt, asked.found, error)

    async def arrived(self, asked: Try, found: Credential, login: Login, app_password: int = 0) -> Login:
        """A login that was not tried before this gate, since nobody can guess what it was proven by."""
        await self._watch.arrived(self._attempt(asked), found)
        return self.succeeded(asked, login, app_password)

    async def whole(self, asked: Try, found: Credential) -> None:
        """Tell whoever watches, and nobody else.

        Somebody on the web has shown all that he has to, after the password that was tried before this gate; or a
        program that is in has said what it is.
        """
        await self._watch.arrived(self._attempt(asked), found)

    def succeeded(self, asked: Try, login: Login, app_password: int = 0) -> Login:
        """The login, after its event."""
        self._events.emit(
            LoginSucceeded(
                account=login.account,
                account_name=str(login.address),
                remote=asked.facts.remote,
                service=asked.facts.service,
                mechanism=asked.mechanism,
                means=login.means.value,
                app_password=app_password,
            )
        )
        return login

    def failed(self, asked: Try, error: TransientError | PermanentError) -> TransientError | PermanentError:
        """The error to raise, after its event; what was typed as the name may be a password, so it is hashed.

        A login that is refused for its number is hashed too: to look the account up would take a time that tells
        whether it exists. ``trace`` hashes the address it is asked for and finds both.
        """
        found = asked.found
        self._events.emit(
            LoginFailed(
                name=str(found.address) if found is not None else hidden_name(self._name_key, asked.key),
                remote=asked.facts.remote,
                service=asked.facts.service,
                mechanism=asked.mechanism,
                reason=error.detail or error.reason.value,
            )
        )
        return error

    def _attempt(self, asked: Try) -> Attempt:
        return Attempt(asked.key, hidden_name(self._name_key, asked.key), asked.facts, asked.mechanism)

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


def _turns(attempt: Attempt, *, is_at_home: bool) -> tuple[str, ...]:
    """Whose turn it has to be; at home it does not matter what others try at that address."""
    own, facts = f"account {attempt.key} {attempt.facts.network}", attempt.facts
    return (own,) if is_at_home or facts.is_exempt else (own, f"address {host_of(facts.remote)}")


def hidden_name(name_key: Secret, key: str) -> str:
    """How events name what is not, or not yet, known to be an account; ``key`` is ``Address.key`` of an address."""
    return "?" + hmac.digest(name_key.reveal(), key.encode("utf-8", "replace"), hashlib.sha256)[:12].hex()


def parse_name(name: str) -> Address | None:
    """The address that somebody typed; None for anything else."""
    try:
        return Address.parse(name) if len(name) <= NAME_MAX else None
    except AddressError:
        return None
