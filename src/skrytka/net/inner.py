"""The channel between nodes: mutual TLS 1.3 of our own authority at both ends, and no address counts for anything.

Whose certificate it is stands in the certificate (:class:`Machine`); both ends ask for the purpose, and whether that
machine is still one of us (:class:`Members`), at the beginning and whenever somebody is put out: then his connections
end at once. No connection outlives the certificate that it began with. Nothing speaks this way yet; the standby will.
"""

import contextlib
import os
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, Protocol

from skrytka.model.clock import Clock
from skrytka.model.engine import DisconnectedError
from skrytka.model.errors import Reason, RemoteProtocolError, TransientError
from skrytka.model.events import Emitter, MachineRefused
from skrytka.model.machine import Machine, Purpose
from skrytka.net.authority import Issued
from skrytka.net.connection import Connection
from skrytka.net.dialer import Dial
from skrytka.net.listener import Service
from skrytka.net.machines import ends_at_ms, read_machine
from skrytka.net.tls import new_server_context
from skrytka.net.tls_pipe import TlsPipe

SERVERS: Final = frozenset({Purpose.NODE, Purpose.STANDBY})
InnerSession = Callable[[Connection, Machine], Awaitable[None]]


class Members(Protocol):
    """Who is one of us now."""

    async def holds(self, machine: Machine) -> bool:
        """Whether its certificates still count."""
        ...


def server_context(issued: Issued) -> ssl.SSLContext:
    """Who shows no certificate of the authority gets no further than the handshake."""
    return _mutual(new_server_context(), issued)


def client_context(issued: Issued) -> ssl.SSLContext:
    """The other end has to be the node that was called."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = True
    return _mutual(context, issued)


def _mutual(context: ssl.SSLContext, issued: Issued) -> ssl.SSLContext:
    """The certificate goes from memory to OpenSSL over a file that has no name: its key is never on a disk."""
    context.minimum_version = ssl.TLSVersion.TLSv1_3  # both ends are ours
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=issued.authority.decode("ascii"))
    with os.fdopen(os.memfd_create("node", os.MFD_CLOEXEC), "wb", buffering=0) as file:
        file.write(issued.key + issued.certificate)
        context.load_cert_chain(f"/proc/self/fd/{file.fileno()}")
    return context


class Inner:
    """The certificate of this node, and its connections with others."""

    def __init__(self, issued: Issued, members: Members, events: Emitter, clock: Clock) -> None:
        """``clock`` is that of the connections."""
        self._members = members
        self._events = events
        self._clock = clock
        self._open: dict[int, tuple[Machine, Connection]] = {}
        self._number = 0
        self.use(issued)

    def __len__(self) -> int:
        """Connections whose other end is known."""
        return len(self._open)

    def use(self, issued: Issued) -> None:
        """Another certificate from now on; what is open stays."""
        self._server, self._client = server_context(issued), client_context(issued)

    def server_context(self) -> ssl.SSLContext:
        """As ``net.tls_pipe.ServerTls``."""
        return self._server

    def service(self, name: str, session: InnerSession) -> Service:
        """What a listener for other nodes runs."""

        async def known(conn: Connection) -> None:
            async with self._known(conn) as machine:
                await session(conn, machine)

        return Service(name=name, session=known, is_implicit_tls=True, tls=self)

    @contextlib.asynccontextmanager
    async def call(
        self, dial: Dial, address: str, port: int, node: str, *, seconds: float
    ) -> AsyncIterator[Connection]:
        """A connection to the node of that name; it ends with the block. TransientError: nobody, or somebody else."""
        conn = await dial.connect(address, port, seconds=seconds)
        try:
            conn.deadline(seconds)
            await conn.start_tls(TlsPipe(self._client, is_server=False, server_hostname=node))
            async with self._known(conn):
                yield conn
        except (RemoteProtocolError, DisconnectedError) as exc:
            if isinstance(exc, DisconnectedError) or isinstance(exc.__cause__, ssl.SSLError):
                # By TLS 1.3 the other end refuses our certificate after our half of the handshake is over
                raise TransientError(Reason.UNREACHABLE, f"{node}: {exc.__cause__ or exc}") from exc
            raise
        finally:
            conn.abort()

    async def recheck(self) -> None:
        """Somebody may have been put out: his connections end now."""
        for machine, conn in list(self._open.values()):
            if not await self._members.holds(machine):
                self._refused(conn, machine, "revoked")
                conn.abort("revoked")

    @contextlib.asynccontextmanager
    async def _known(self, conn: Connection) -> AsyncIterator[Machine]:
        """TransientError for who is not one of us, whoever signed his certificate."""
        shown = conn.tls.peer if conn.tls is not None else b""
        machine = read_machine(shown)
        if machine is None or machine.purpose not in SERVERS:
            raise self._refused(conn, machine, "purpose")
        left_s = (ends_at_ms(shown) - self._clock.now_ms()) / 1000
        conn.ends_at_s = min(conn.ends_at_s, self._clock.monotonic_s() + left_s)
        self._number += 1
        number = self._number
        self._open[number] = machine, conn  # first: whoever is put out while we ask is found
        try:
            if not await self._members.holds(machine):
                raise self._refused(conn, machine, "revoked")
            yield machine
        finally:
            del self._open[number]

    def _refused(self, conn: Connection, machine: Machine | None, why: str) -> TransientError:
        self._events.emit(
            MachineRefused(
                service=conn.facts.service,
                remote=conn.facts.remote,
                machine="" if machine is None else machine.uri,
                reason=why,
            )
        )
        return TransientError(Reason.NOT_PERMITTED, f"a certificate that opens nothing here: {why}")
