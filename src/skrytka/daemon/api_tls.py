"""TLS of ``listeners.api``: who is asked for a certificate of our own authority, and who has to have one.

Nobody is asked before there is a machine that has one (or is invited): a browser would ask its user. Where one is
needed, who has none gets no further than TLS, but while an invitation is open: then he comes as far as the place for
its token.
"""

import ssl
from collections.abc import Sequence
from functools import partial

from skrytka.mail.identity.machines import Machines
from skrytka.model.clock import Clock
from skrytka.model.secret import Secret
from skrytka.net.authority import Authority
from skrytka.net.tls import CertificateFiles, TlsStore, new_server_context


class ApiTls:
    """``net.tls_pipe.ServerTls``; each load knows the authority as it is then."""

    def __init__(
        self, files: Sequence[CertificateFiles], seed: Secret, clock: Clock, machines: Machines, *, is_needed: bool
    ) -> None:
        """PermanentError(BAD_CONFIG) for files that do not load."""
        self._machines = machines
        self._is_needed = is_needed
        self._bare = TlsStore(files)
        self._asking = TlsStore(files, partial(_context, seed, clock, ssl.CERT_OPTIONAL))
        self._demanding = TlsStore(files, partial(_context, seed, clock, ssl.CERT_REQUIRED))

    def server_context(self) -> ssl.SSLContext:
        """For the connection that is there now."""
        if self._is_needed and not self._machines.is_inviting:
            return self._demanding.server_context()
        return (self._asking if self._machines.has_any else self._bare).server_context()

    def reload(self, files: Sequence[CertificateFiles]) -> None:
        """As :meth:`TlsStore.reload`."""
        for store in (self._bare, self._asking, self._demanding):
            store.reload(files)


def _context(seed: Secret, clock: Clock, mode: ssl.VerifyMode) -> ssl.SSLContext:
    context = new_server_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_3  # RFC 8446 E.1.2: the certificate is not seen by others
    context.verify_mode = mode
    context.load_verify_locations(cadata=Authority.of_nodes(seed, clock).certificate.decode("ascii"))
    return context
