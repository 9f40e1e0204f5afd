"""Outgoing connections: one address at a time, from one of our own, within a bounded time."""

import asyncio
from ipaddress import ip_address
from typing import Protocol

from skrytka.model.errors import Reason, TransientError
from skrytka.net.connection import Connection
from skrytka.net.facts import ConnFacts, network_of, normalise
from skrytka.net.sweeper import Sweeper


class Dial(Protocol):
    """How a client gets its connections; tests hand in their own."""

    async def connect(self, address: str, port: int, *, seconds: float) -> Connection:
        """TransientError(UNREACHABLE | TIMEOUT)."""
        ...


class Dialer:
    """Connections of one event loop."""

    def __init__(self, sweeper: Sweeper, source_addresses: tuple[str, ...] = (), service: str = "courier") -> None:
        self._sweeper = sweeper
        self._sources = source_addresses
        self._service = service
        self._turn = 0

    async def connect(self, address: str, port: int, *, seconds: float) -> Connection:
        """As :meth:`Dial.connect`; the session's own deadline follows."""
        source = self._source(address)
        facts = ConnFacts(
            service=self._service,
            remote=address,
            remote_port=port,
            local=source or "",
            local_port=0,
            network=network_of(normalise(address)),
        )
        try:
            async with asyncio.timeout(seconds):
                _, conn = await asyncio.get_running_loop().create_connection(
                    lambda: Connection(facts, self._sweeper),
                    address,
                    port,
                    local_addr=(source, 0) if source else None,
                )
        except TimeoutError as exc:
            raise TransientError(Reason.TIMEOUT, f"no connection to {address} within {seconds:.0f} s") from exc
        except OSError as exc:
            raise TransientError(Reason.UNREACHABLE, f"{address}: {exc.strerror or 'no connection'}") from exc
        conn.owner = asyncio.current_task()
        return conn

    def _source(self, address: str) -> str | None:
        """Our addresses of the same family, in turn."""
        version = ip_address(address).version
        own = [source for source in self._sources if ip_address(source).version == version]
        if not own:
            return None
        self._turn += 1
        return own[self._turn % len(own)]
