"""TLS with another server: whether there has to be any, with which certificate, and what failed (RFC 8460 4.3)."""

import datetime as dt
import ssl
from typing import Final

from skrytka.mail.queue.routes import Hop
from skrytka.model.clock import Clock
from skrytka.model.engine import TlsFacts
from skrytka.model.errors import Reason, TransientError
from skrytka.net.client_tls import ClientTls
from skrytka.net.tls_pipe import TlsPipe
from skrytka.protocol.tlspolicy.match import EXPIRED, HOST_MISMATCH, NOT_TRUSTED, verify
from skrytka.protocol.tlspolicy.policy import HostPolicy, Level, PolicyType

NOT_SUPPORTED: Final = "starttls-not-supported"
FAILED: Final = "validation-failure"
NO_ENCRYPTION: Final = "4.7.10"  # RFC 5248: encryption needed
NOT_PROVEN: Final = "4.7.5"  # RFC 3463 3.8: cryptographic failure
NO_REQUIRETLS: Final = "4.7.30"  # RFC 8689 7
NOT_NAMED: Final = "4.7.4"  # RFC 3463 3.8: security features not supported; the policy names other servers
ROUTE: Final = "4.7.0"
STATUSES: Final = frozenset({NO_ENCRYPTION, NOT_PROVEN, NO_REQUIRETLS, NOT_NAMED, ROUTE})
_VERIFY_CODES: Final = {10: EXPIRED, 62: HOST_MISMATCH}  # X509_V_ERR_CERT_HAS_EXPIRED, _HOSTNAME_MISMATCH


class TlsFailedError(TransientError):
    """The handshake failed, or what route or policy demands is not there."""

    def __init__(self, detail: str, *, result: str = FAILED, status: str = ROUTE) -> None:
        super().__init__(Reason.NOT_PERMITTED, detail)
        self.result = result
        self.status = status
        self.local = ""  # our address of the connection, once there was one


class Handshake:
    """Of one session."""

    def __init__(self, hop: Hop, policy: HostPolicy, tls: ClientTls, clock: Clock) -> None:
        self._hop = hop
        self._policy = policy
        self._tls = tls
        self._clock = clock
        self._is_of_route = hop.tls in {"required", "implicit"}
        self._is_dane = policy.kind is PolicyType.TLSA and policy.level is Level.PROVEN
        self._is_web = policy.kind is not PolicyType.TLSA and policy.level is Level.PROVEN

    @property
    def is_required(self) -> bool:
        """Whether nothing goes in clear."""
        return self._is_of_route or self._policy.level is not Level.OPPORTUNISTIC

    @property
    def is_proven(self) -> bool:
        """Whether a server that passes is the one that was meant."""
        return self._is_of_route or self._policy.level is Level.PROVEN

    def pipe(self) -> TlsPipe:
        """TransientError(BAD_CONFIG) for a file of authorities that cannot be read."""
        context = self._tls.context(
            is_verified=self._is_of_route or self._is_web,
            ca_file=self._hop.ca_file,
            is_common_name_taken=self._policy.kind is not PolicyType.STS,  # RFC 8461 4.2, RFC 8689 4.2.1
        )
        name = self._policy.names[0] if self._policy.names else self._hop.host
        return TlsPipe(context, is_server=False, server_hostname=name, is_chain_kept=self._is_dane)

    def check(self, facts: TlsFacts) -> None:
        """What OpenSSL does not look at. TlsFailedError."""
        if not self._is_dane:
            return
        policy, now = self._policy, dt.datetime.fromtimestamp(self._clock.now_ms() / 1000, dt.UTC)
        verdict = verify(facts.chain, policy.records, policy.names, now)
        if verdict.result:
            raise TlsFailedError(
                f"DANE: {self._hop.host} is not proven by TLSA of {policy.domain}: {verdict.detail}",
                result=verdict.result,
                status=NOT_PROVEN,
            )

    def missing(self, what: str) -> TlsFailedError:
        """It ``offers no TLS``, or ``refuses TLS``."""
        return TlsFailedError(f"{self._whose}{self._hop.host} {what}", result=NOT_SUPPORTED, status=self._status)

    def broken(self, error: Exception) -> TlsFailedError:
        """The handshake ended with this."""
        result, status = FAILED, self._status
        said = str(error).removeprefix("TLS: ") or "the connection was closed"
        if isinstance(error.__cause__, ssl.SSLCertVerificationError):
            result = _VERIFY_CODES.get(error.__cause__.verify_code, NOT_TRUSTED)
            status, said = (NOT_PROVEN if self._is_web else status), error.__cause__.verify_message
        return TlsFailedError(f"{self._whose}TLS with {self._hop.host} fails: {said}", result=result, status=status)

    @property
    def _status(self) -> str:
        return ROUTE if self._policy.level is Level.OPPORTUNISTIC else NO_ENCRYPTION

    @property
    def _whose(self) -> str:
        if self._policy.kind is PolicyType.NONE and self._is_web:
            return "REQUIRETLS: "
        return {PolicyType.TLSA: "DANE: ", PolicyType.STS: "MTA-STS: "}.get(self._policy.kind, "")
