"""Opens a session with a server: under TLS as far as route and policy ask for it, logged in, and told (OutboundTls)."""

from dataclasses import dataclass
from typing import Final, Protocol

from skrytka.mail.queue.handshake import NOT_SUPPORTED, Handshake, TlsFailedError
from skrytka.mail.queue.routes import Hop
from skrytka.mail.queue.transmit import Transmitter
from skrytka.model.clock import Clock
from skrytka.model.errors import Reason, TransientError
from skrytka.model.events import Emitter, OutboundTls
from skrytka.model.ids import TraceId
from skrytka.model.secret import Secret
from skrytka.model.settings import Outbound
from skrytka.net.client_tls import ClientTls
from skrytka.net.dialer import Dial
from skrytka.protocol.tlspolicy.policy import HostPolicy

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
        try:
            transmitter = await self._session(wanted, with_tls=True)
            result, detail = "", ""
        except TlsFailedError as exc:
            if self._handshake(wanted).is_required:
                self._tell(wanted, None, exc.result, exc.detail)
                raise
            transmitter = await self._session(wanted, with_tls=False)
            result, detail = exc.result, exc.detail
        if transmitter.tls is None and wanted.hop.tls != "never":
            result = result or NOT_SUPPORTED
        self._tell(wanted, transmitter, result, detail)
        return transmitter

    async def _session(self, wanted: Wanted, *, with_tls: bool) -> Transmitter:
        hop = wanted.hop
        conn = await self.dial.connect(wanted.address, hop.port, seconds=self.settings.connect_s)
        transmitter = Transmitter(conn, hop, self.hostname, self._handshake(wanted), self.settings.reply_s)
        try:
            await transmitter.open(self._login(hop), with_tls=with_tls)
        except BaseException:
            await transmitter.close()
            raise
        return transmitter

    def _handshake(self, wanted: Wanted) -> Handshake:
        return Handshake(wanted.hop, wanted.policy, self.tls, self.clock)

    def _login(self, hop: Hop) -> tuple[str, Secret] | None:
        if hop.username is None or hop.password_file is None:
            return None
        try:
            return hop.username, self.passwords(hop.password_file)
        except OSError as exc:
            raise TransientError(Reason.BAD_CONFIG, f"password of {hop.host}: {exc.strerror}") from exc

    def _tell(self, wanted: Wanted, transmitter: Transmitter | None, result: str, detail: str) -> None:
        facts = None if transmitter is None else transmitter.tls
        self.events.emit(
            OutboundTls(
                trace=wanted.trace,
                domain=wanted.domain,
                host=wanted.hop.host,
                address=wanted.address,
                policy_type=wanted.policy.kind.value,
                policy_domain=wanted.policy.domain,
                policy_strings=wanted.policy.strings,
                result=result,
                detail=detail[:DETAIL_MAX],
                version="" if facts is None else facts.version,
                cipher="" if facts is None else facts.cipher,
                is_verified=transmitter is not None and transmitter.is_proven,
            )
        )
