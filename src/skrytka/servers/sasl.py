"""SASL of one session, whatever protocol carries it: which mechanisms there are, and who proved himself (RFC 4422).

Nothing is offered or taken without TLS. SCRAM is taken always and announced by a setting, since it works with app
passwords only and many programs choose the best of what is announced (ADR 0023).
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol

import msgspec

from skrytka.mail.identity.login import Login, is_same_name
from skrytka.model.clock import Random
from skrytka.model.errors import PermanentError, Reason, RemoteProtocolError, SkrytkaError
from skrytka.model.secret import Secret
from skrytka.model.settings import Login as LoginSettings
from skrytka.net.connection import Connection
from skrytka.net.facts import ConnFacts
from skrytka.protocol.sasl.bearer import OauthBearerExchange, Xoauth2Exchange
from skrytka.protocol.sasl.exchange import (
    Ask,
    CertificateClaim,
    Claim,
    Exchange,
    Over,
    ScramClaim,
    Step,
    TokenClaim,
)
from skrytka.protocol.sasl.external import ExternalExchange
from skrytka.protocol.sasl.passwords import LoginExchange, PlainExchange
from skrytka.protocol.sasl.plain import PlainCredentials
from skrytka.protocol.sasl.scram import ScramExchange

PLAIN: Final = "PLAIN"
LOGIN: Final = "LOGIN"
SCRAM: Final = "SCRAM-SHA-256"
SCRAM_PLUS: Final = "SCRAM-SHA-256-PLUS"
BEARER: Final = "OAUTHBEARER"
XOAUTH2: Final = "XOAUTH2"
EXTERNAL: Final = "EXTERNAL"
NONCE_BYTES: Final = 18


class UnknownMechanismError(SkrytkaError):
    """Nobody offers it here and now."""


class CancelledExchangeError(SkrytkaError):
    """The client gave up."""


class Identity(Protocol):
    """Proof of who somebody is (``mail.identity.login.Identity``).

    Each emits LoginSucceeded or LoginFailed itself. PermanentError(BAD_CREDENTIALS) alike for all that is wrong;
    TransientError(RATE_LIMITED) before any hash.
    """

    async def login(self, name: str, password: Secret, facts: ConnFacts, mechanism: str) -> Login: ...

    def refuse(self, name: str, facts: ConnFacts, mechanism: str) -> None:
        """Emits LoginFailed for somebody who wants to act as somebody else."""
        ...

    @property
    def has_bearers(self) -> bool: ...

    @property
    def has_programs(self) -> bool:
        """Whether there is anything but passwords."""
        ...

    def bearer_challenge(self, service: str) -> dict[str, str]: ...

    async def scram_salts(self) -> Callable[[str], bytes]: ...

    async def scram(self, claim: ScramClaim, facts: ConnFacts, mechanism: str) -> tuple[Login, bytes]: ...

    async def bearer(self, token: Secret, name: str, facts: ConnFacts, mechanism: str) -> Login: ...

    async def certificate(self, der: bytes, authorization: str, facts: ConnFacts, mechanism: str) -> Login: ...

    async def identified(self, login: Login, facts: ConnFacts) -> None:
        """A program said what it is (``facts.program``) when it was in already."""
        ...


class SaslSession:
    """The exchanges of one session, one after the other."""

    __slots__ = ("_conn", "_error", "_exchange", "_identity", "_login", "_mechanism", "_random", "_settings")

    def __init__(self, conn: Connection, identity: Identity, settings: LoginSettings, random: Random) -> None:
        self._conn = conn
        self._identity = identity
        self._settings = settings
        self._random = random
        self._mechanism = ""
        self._exchange: Exchange | None = None
        self._login: Login | None = None  # proven, the client's last message is still to come
        self._error: PermanentError | None = None  # likewise

    @property
    def announced(self) -> tuple[str, ...]:
        """What is offered on this connection, once it has TLS."""
        identity, settings = self._identity, self._settings
        is_scram = settings.is_scram_announced and identity.has_programs
        offered = (
            (PLAIN, True),
            (LOGIN, True),
            (SCRAM, is_scram),
            (SCRAM_PLUS, is_scram and bool(self._binding)),
            (BEARER, identity.has_bearers),
            (XOAUTH2, identity.has_bearers),
            (EXTERNAL, self._has_certificate and identity.has_programs),
        )
        return tuple(name for name, is_offered in offered if is_offered)

    async def begin(self, mechanism: str, initial: Secret | None) -> Ask | Login:
        """The next challenge or a proven login.

        UnknownMechanismError; RemoteProtocolError for what is no message of the mechanism; errors of ``Identity``, and
        PermanentError(NOT_PERMITTED) for somebody who wants to act as somebody else.
        """
        make = _EXCHANGES.get(mechanism)
        exchange = await make(self) if make is not None and self._conn.tls is not None else None
        if exchange is None:
            raise UnknownMechanismError(mechanism)
        self._mechanism, self._exchange = mechanism, exchange
        self._login = self._error = None
        return await self._step(exchange, exchange.begin(initial))

    async def respond(self, message: Secret | None) -> Ask | Login:
        """As :meth:`begin`, for the next message; CancelledExchangeError for None."""
        exchange = self._exchange
        if exchange is None:
            raise AssertionError("no exchange")
        if message is None:
            raise CancelledExchangeError
        return await self._step(exchange, exchange.respond(message))

    async def _step(self, exchange: Exchange, step: Step) -> Ask | Login:
        if isinstance(step, Ask):
            return step
        if isinstance(step, Over):
            if self._login is not None:
                return self._login
            raise self._error or RemoteProtocolError("the exchange is over")
        try:
            login, final = await self._prove(step)
        except PermanentError as exc:
            more = exchange.refused(self._told()) if exc.reason is Reason.BAD_CREDENTIALS else None
            if more is None:
                raise
            self._error = exc
            return more
        more = exchange.accepted(final)
        if more is None:
            return login
        self._login = login
        return more

    async def _prove(self, claim: Claim) -> tuple[Login, bytes]:
        identity, facts, mechanism = self._identity, self._conn.facts, self._mechanism
        match claim:
            case PlainCredentials(authorization=other, name=name, password=password):
                self._check_self(other, name)
                return await identity.login(name, password, facts, mechanism), b""
            case ScramClaim(authorization=other, name=name):
                self._check_self(other, name)
                return await identity.scram(claim, facts, mechanism)
            case TokenClaim(name=name, token=token):
                return await identity.bearer(token, name, facts, mechanism), b""
            case CertificateClaim(authorization=other):
                tls = self._conn.tls
                return await identity.certificate(tls.peer if tls is not None else b"", other, facts, mechanism), b""

    def _check_self(self, other: str, name: str) -> None:
        """RFC 4616 2: an authorisation identity is the one that logs in; anything else is refused without a hash."""
        if other and not is_same_name(other, name):
            self._identity.refuse(name, self._conn.facts, self._mechanism)
            raise PermanentError(Reason.NOT_PERMITTED)

    def _told(self) -> bytes:
        """Why a token was refused, for a program that may get another one (RFC 7628 3.2.2)."""
        if self._mechanism not in {BEARER, XOAUTH2}:
            return b""
        known = self._identity.bearer_challenge(self._conn.facts.service)
        if self._mechanism == XOAUTH2:
            return msgspec.json.encode({"status": "401", "schemes": "bearer", "scope": known.get("scope", "")})
        return msgspec.json.encode({"status": "invalid_token", **known})

    # -- mechanisms -----------------------------------------------------------------------------------------------

    @property
    def _has_certificate(self) -> bool:
        tls = self._conn.tls
        return tls is not None and bool(tls.peer)

    @property
    def _binding(self) -> bytes:
        """The hash of our certificate, where -PLUS is offered."""
        tls = self._conn.tls
        return tls.end_point if tls is not None and self._settings.is_scram_plus_announced else b""

    async def _plain(self) -> Exchange | None:
        return PlainExchange()

    async def _login_exchange(self) -> Exchange | None:
        return LoginExchange()

    async def _scram(self) -> Exchange | None:
        if not self._identity.has_programs:
            return None
        salts, nonce = await self._identity.scram_salts(), self._random.token(NONCE_BYTES)
        binding = self._binding if self._settings.is_scram_announced else b""  # else nobody was told of -PLUS
        return ScramExchange(salts, nonce, binding=binding)

    async def _scram_plus(self) -> Exchange | None:
        if not (self._binding and self._identity.has_programs):
            return None
        salts, nonce = await self._identity.scram_salts(), self._random.token(NONCE_BYTES)
        return ScramExchange(salts, nonce, is_plus=True, binding=self._binding)

    async def _bearer(self) -> Exchange | None:
        return OauthBearerExchange() if self._identity.has_bearers else None

    async def _xoauth2(self) -> Exchange | None:
        return Xoauth2Exchange() if self._identity.has_bearers else None

    async def _external(self) -> Exchange | None:
        return ExternalExchange() if self._has_certificate and self._identity.has_programs else None


_EXCHANGES: Final[dict[str, Callable[[Any], Awaitable[Exchange | None]]]] = {
    PLAIN: SaslSession._plain,  # noqa: SLF001 - the table of this class
    LOGIN: SaslSession._login_exchange,  # noqa: SLF001 - as above
    SCRAM: SaslSession._scram,  # noqa: SLF001 - as above
    SCRAM_PLUS: SaslSession._scram_plus,  # noqa: SLF001 - as above
    BEARER: SaslSession._bearer,  # noqa: SLF001 - as above
    XOAUTH2: SaslSession._xoauth2,  # noqa: SLF001 - as above
    EXTERNAL: SaslSession._external,  # noqa: SLF001 - as above
}
