"""Client certificates of ``listeners.api``: who has none of this installation's own authority gets no further than TLS.

The authority is a key of the key ring, so nothing has to be configured: what it signs says who may connect, and the API
asks who he is all the same. Nothing revokes a certificate: it lives for days, and a new key for the ring ends all.
"""

import ssl
from collections.abc import Sequence
from typing import Final

from cryptography.x509.oid import ExtendedKeyUsageOID

from skrytka.daemon.certificates import NODE_SUBJECT, Authority
from skrytka.mail.admin.base import parse_domain
from skrytka.mail.admin.commands.clients import ClientCertificate
from skrytka.model.clock import Clock
from skrytka.model.secret import Secret
from skrytka.net.tls import CertificateFiles, TlsStore, new_server_context
from skrytka.store.seal.source import KeySource

_CLIENT: Final = (ExtendedKeyUsageOID.CLIENT_AUTH,)


def demanding(files: Sequence[CertificateFiles], seed: Secret, clock: Clock) -> TlsStore:
    """As the TLS of other listeners; each load knows the authority as it is then."""

    def make() -> ssl.SSLContext:
        context = new_server_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_3  # RFC 8446 E.1.2: the certificate is not seen by others
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=Authority.of_nodes(seed, clock).certificate.decode("ascii"))
        return context

    return TlsStore(files, make)


class ClientCertificates:
    """``mail.admin.commands.clients.Clients``."""

    def __init__(self, keys: KeySource, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock

    async def issue(self, name: str, days: int) -> ClientCertificate:
        """A key that nobody ever had, and its certificate; neither is kept here."""
        domain = parse_domain(name)
        seed = await self._keys.node(NODE_SUBJECT)
        made = Authority.of_nodes(seed, self._clock).issue((domain.name,), days=days, usages=_CLIENT)
        return ClientCertificate(
            name=domain.name, days=days, certificate=made.certificate.decode("ascii"), key=made.key.decode("ascii")
        )
