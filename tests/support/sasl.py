"""What identities and sessions of tests have where a test is about something else: passwords, and nobody to tell."""

from collections.abc import Callable

from skrytka.mail.identity.login import Login
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId
from skrytka.model.secret import Secret
from skrytka.net.facts import ConnFacts
from skrytka.protocol.sasl.exchange import ScramClaim


class PasswordsOnly:
    """The part of an identity that is of no use without app passwords, tokens and certificates."""

    has_programs = False
    has_bearers = False
    programs: tuple[str, ...] = ()  # what they said behind their login

    def bearer_challenge(self, service: str) -> dict[str, str]:
        return {}

    async def scram_salts(self) -> Callable[[str], bytes]:
        raise PermanentError(Reason.UNSUPPORTED)

    async def scram(self, claim: ScramClaim, facts: ConnFacts, mechanism: str) -> tuple[Login, bytes]:
        raise PermanentError(Reason.UNSUPPORTED)

    async def bearer(self, token: Secret, name: str, facts: ConnFacts, mechanism: str) -> Login:
        raise PermanentError(Reason.UNSUPPORTED)

    async def certificate(self, der: bytes, authorization: str, facts: ConnFacts, mechanism: str) -> Login:
        raise PermanentError(Reason.UNSUPPORTED)

    async def identified(self, login: Login, facts: ConnFacts) -> None:
        self.programs = (*self.programs, facts.program)

    async def controls(self, login: Login) -> None:
        return None


class NoSessions:
    """Nobody is told of anything."""

    def add(self, account: AccountId, wake: Callable[[], None]) -> Callable[[], None]:
        return lambda: None
