"""Who looks at logins: before a try, and when it is over (``mail.identity.attacks``)."""

from typing import Final, Protocol

import msgspec

from skrytka.mail.identity.types import Credential, Peer

IDENTIFIED: Final = "ID"  # RFC 2971: the mechanism of a program that says what it is when it was in already


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

    def note(self, attempt: Attempt, found: Credential | None, error: BaseException | None) -> None:
        """What came of it, exactly once after each :meth:`delay` that returned. No error: it was a login."""
        ...

    async def arrived(self, attempt: Attempt, found: Credential) -> None:
        """A login that asked for no leave: an app password, a token or a certificate, which nobody can guess.

        Or one on the web, of which :meth:`note` has seen the password, when all is shown that has to be. No
        :meth:`delay` came before it, nothing is noted after it, and it may not fail.
        """
        ...


class Unwatched:
    """A :class:`Watch` that lets everybody try, for tools and tests."""

    async def delay(self, attempt: Attempt) -> bool:
        return False

    def note(self, attempt: Attempt, found: Credential | None, error: BaseException | None) -> None:
        pass

    async def arrived(self, attempt: Attempt, found: Credential) -> None:
        pass
