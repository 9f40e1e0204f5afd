"""Opens a session with a server: under TLS as far as route and policy ask for it, logged in, and told (OutboundTls)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from skrytka.mail.queue.handshake import NOT_NAMED, Handshake, TlsFailedError
from skrytka.mail.queue.routes import Hop
from skrytka.mail.queue.transmit import Transmitter
from skrytka.model.clock import Clock
from skrytka.model.envelope import TlsWish
from skrytka.model.errors import Reason, TransientError
from skrytka.model.events import Emitter, OutboundTls
from skrytka.model.ids import TraceId
from skrytka.model.secret import Secret
from skrytka.model.settings import Outbound
from skrytka.net.client_tls import ClientTls
from skrytka.net.dialer import Dial
from skrytka.protocol.tlspolicy.policy import NO_POLICY, HostPolicy, Level, optional, required

DETAIL_MAX: Final = 300  # characters in an event


class Passwords(Protocol):
    """Reads a route's password file; TransientError when it cannot."""

    def __call__(self, name: str) -> Secret: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A server, and for whose mail."""

    hop: Hop
    address: str
    policy: HostPolicy
    domain: str  # of the recipients
    trace: TraceId  # of the message that the session is opened for
    wish: TlsWish = TlsWish.USUAL  # of its sender

    @property
    def effective(self) -> HostPolicy:
        """What policy and sender together ask for."""
        hop = self.hop
        if self.wish is TlsWish.REQUIRED:
            return required(self.policy, hop.host, is_name_sure=hop.is_dane or hop.is_static)
        return optional(self.policy) if self.wish is TlsWish.OPTIONAL else self.policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Opener:
    """Of one process."""

    hostname: str
    dial: Dial
    tls: ClientTls
    settings: Outbound
    passwords: Passwords
    clock: Clock
    events: Emitter

    async def open(self, wanted: Wanted) -> Transmitter:
        """In clear when the handshake fails and nobody minds. Errors as those of :meth:`Transmitter.open`."""
        policy = wanted.effective
        failure = TlsFailedError(policy.fault, status=NOT_NAMED) if policy.fault else None
        for handshake, with_tls in self._tries(wanted.hop, policy):
            try:
                transmitter = await self._session(wanted, handshake, with_tls=with_tls)
            except TlsFailedError as exc:
                failure = failure or exc
                continue
            if failure is None and transmitter.tls is None and wanted.hop.tls != "never":
                failure = handshake.missing("offers no TLS")
            transmitter.is_lax = wanted.wish is TlsWish.OPTIONAL
            self._tell(wanted, transmitter, failure)
            return transmitter
        assert failure is not None  # noqa: S101 - for the type checker
        self._tell(wanted, None, failure)
        raise failure

    def _tries(self, hop: Hop, policy: HostPolicy) -> Iterator[tuple[Handshake, bool]]:
        """Handshakes, each on a connection of its own, and whether TLS is asked for; the first that succeeds is it."""
        if policy.level is Level.FORBIDDEN:
            return
        handshake = Handshake(hop, policy, self.tls, self.clock)
        yield handshake, True
        if policy.is_testing and handshake.is_required:
            handshake = Handshake(hop, NO_POLICY, self.tls, self.clock)
            yield handshake, True
        if not handshake.is_required:
            yield handshake, False

    async def _session(self, wanted: Wanted, handshake: Handshake, *, with_tls: bool) -> Transmitter:
        hop = wanted.hop
        conn = await self.dial.connect(wanted.address, hop.port, seconds=self.settings.connect_s)
        transmitter = Transmitter(conn, hop, self.hostname, handshake, self.settings.reply_s)
        try:
            await transmitter.open(self._login(hop), with_tls=with_tls)
        except TlsFailedError as exc:
            exc.local = transmitter.local
            await transmitter.close()
            raise
        except BaseException:
            await transmitter.close()
            raise
        return transmitter

    def _login(self, hop: Hop) -> tuple[str, Secret] | None:
        if hop.username is None or hop.password_file is None:
            return None
        try:
            return hop.username, self.passwords(hop.password_file)
        except (OSError, UnicodeDecodeError) as exc:
            why = exc.strerror if isinstance(exc, OSError) else "not UTF-8"
            raise TransientError(Reason.BAD_CONFIG, f"password of {hop.host}: {why}") from exc

    def _tell(self, wanted: Wanted, transmitter: Transmitter | None, failure: TlsFailedError | None) -> None:
        facts = None if transmitter is None else transmitter.tls
        local = "" if failure is None else failure.local
        self.events.emit(
            OutboundTls(
                trace=wanted.trace,
                domain=wanted.domain,
                host=wanted.hop.host,
                address=wanted.address,
                policy_type=wanted.policy.kind.value,
                policy_domain=wanted.policy.domain,
                policy_strings=wanted.policy.strings,
                result="" if failure is None else failure.result,
                detail="" if failure is None else failure.detail[:DETAIL_MAX],
                version="" if facts is None else facts.version,
                cipher="" if facts is None else facts.cipher,
                group="" if facts is None else facts.group,
                is_verified=transmitter is not None and transmitter.is_proven,
                local=local if transmitter is None else transmitter.local,
                is_clear=transmitter is not None and facts is None,
            )
        )
