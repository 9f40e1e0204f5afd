"""A second Skrytka's port 25 with a given chain of certificates, and a zone that leads there."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import NamedTuple

from skrytka.mail.delivery.types import Resolution
from skrytka.model.address import Address
from skrytka.model.dns import Tlsa
from skrytka.model.limits import SmtpLimits
from skrytka.net.dns.zone import StaticZone
from skrytka.net.tls import CertificateFiles, TlsStore
from skrytka.net.tls_pipe import ServerTls
from skrytka.protocol.tlspolicy.dane import record_text
from skrytka.servers.mx import serve_mx
from skrytka.servers.mx_deps import MxDeps
from tests.support.chains import Issued, write_chain
from tests.support.mx import FakeDelivery, FakeRecipients
from tests.unit.net.harness import World, Zeros, serving

HOST = "peer.example.test"
ZONE = """
test:
  - AD: {is_signed}
example.test:
  - MX: [10, peer.example.test]
peer.example.test:
  - A: 127.0.0.1
_{port}._tcp.peer.example.test:
  - AD: {is_signed}
{records}
"""


class AnyDomain(FakeRecipients):
    """Accounts of example.test, by whatever domain."""

    async def resolve(self, recipient: Address, *, size_bytes: int = 0) -> Resolution:
        return await super().resolve(Address.parse(f"{recipient.local}@example.test"), size_bytes=size_bytes)


class Peer(NamedTuple):
    """What it got, and where it listens."""

    delivery: FakeDelivery
    net: World

    @property
    def port(self) -> int:
        return self.net.port

    def zone(self, *records: Tlsa, is_signed: bool = True, more: str = "") -> StaticZone:
        """Mail for example.test goes there; its TLSA records are these."""
        lines = "\n".join(f"  - TLSA: {record_text(record)}" for record in records)
        text = ZONE.format(port=self.port, records=lines, is_signed=str(is_signed).lower())
        return StaticZone.parse(text + more)


@contextlib.asynccontextmanager
async def tls_peer(folder: Path, chain: Sequence[Issued]) -> AsyncIterator[Peer]:
    """Without a chain it offers no TLS."""
    tls: ServerTls | None = TlsStore([CertificateFiles(*write_chain(folder, *chain))]) if chain else None
    late: list[MxDeps] = []
    async with serving(lambda conn: serve_mx(conn, late[0]), tls=tls) as net:
        peer = Peer(FakeDelivery(), net)
        late.append(
            MxDeps(
                recipients=AnyDomain(),
                delivery=peer.delivery,
                events=net.recorder,
                clock=net.clock,
                random=Zeros(),
                limits=SmtpLimits(),
                hostname=HOST,
            )
        )
        yield peer
