"""Real sockets on 127.0.0.1 (the kernel's buffers and resets are the subject), a toy line protocol, a clock by hand."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from skrytka.model.clock import FixedClock
from skrytka.model.engine import NEED_DATA, PAUSED, Engine, Signal, TlsFacts
from skrytka.model.events import Event
from skrytka.model.limits import ConnectionLimits
from skrytka.net.facts import Networks
from skrytka.net.limits import LimitTable, LocalLimits, SharedLimits
from skrytka.net.listener import Listener, Service, Session, Surroundings
from skrytka.net.sweeper import Sweeper
from skrytka.net.tls import CertificateFiles, TlsStore
from skrytka.net.tls_pipe import ServerTls
from tests.support.certificates import write_certificate

R = TypeVar("R")
Run = Callable[[Coroutine[Any, Any, None]], None]


class Line(msgspec.Struct, frozen=True):
    text: bytes


class End(msgspec.Struct, frozen=True):
    pass


class LineEngine(Engine[Line | End]):
    """Lines in, lines out; each line waits for its answer."""

    def __init__(self) -> None:
        self._buffer = b""
        self._is_eof = False
        self._is_paused = False

    def receive(self, data: bytes) -> None:
        self._buffer += data
        self._is_eof = self._is_eof or not data

    def next_event(self) -> Line | End | Signal:
        if self._is_paused:
            return PAUSED
        line, newline, rest = self._buffer.partition(b"\n")
        if newline:
            self._buffer = rest
            self._is_paused = True
            return Line(line)
        if self._is_eof:
            self._is_eof = False
            return End()
        return NEED_DATA

    def send(self, text: bytes) -> bytes:
        self._is_paused = False
        return text + b"\n"

    def tls_started(self, tls: TlsFacts) -> None:
        self._buffer = b""
        self._is_paused = False


class Recorder:
    def __init__(self) -> None:
        self.events: list[Event] = []

    def emit(self, event: Event) -> None:
        self.events.append(event)

    def of(self, kind: type[R]) -> list[R]:
        return [event for event in self.events if isinstance(event, kind)]


class Zeros:
    def token(self, length: int) -> bytes:
        return bytes(length)


class World:
    """One listener with what surrounds it."""

    def __init__(self, listener: Listener, around: Surroundings, clock: FixedClock, recorder: Recorder) -> None:
        self.listener = listener
        self.around = around
        self.clock = clock
        self.recorder = recorder

    @property
    def port(self) -> int:
        return self.listener.port

    async def connect(self, **settings: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port, **settings)

    async def connect_to(self, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", port)

    def late(self, seconds: float) -> None:
        """Time passes, and the sweeper looks."""
        self.clock.advance(seconds)
        self.around.sweeper.sweep()

    async def until(self, condition: Callable[[], object]) -> None:
        """Other tasks run until it holds; the test's own time limit ends a wait for nothing."""
        while not condition():  # noqa: ASYNC110 - what it waits for is inside the code under test
            await asyncio.sleep(0.001)


@contextlib.asynccontextmanager
async def serving(
    session: Session,
    *,
    tls: ServerTls | None = None,
    is_implicit_tls: bool = False,
    caps: ConnectionLimits | None = None,
    exempt: tuple[str, ...] = (),
    refusal: bytes = b"",
    limits: SharedLimits | None = None,
    name: str = "test",
) -> AsyncIterator[World]:
    clock, recorder = FixedClock(), Recorder()
    around = Surroundings(
        sweeper=Sweeper(clock),
        random=Zeros(),
        events=recorder,
        limits=limits or LocalLimits(LimitTable(clock)),
        tls=tls,
        caps=caps or ConnectionLimits(),
        exempt=Networks(exempt),
    )
    sock = socket.create_server(("127.0.0.1", 0), backlog=512)
    service = Service(name=name, session=session, is_implicit_tls=is_implicit_tls, refusal=refusal)
    listener = Listener(sock, service, around)
    async with asyncio.TaskGroup() as group:
        group.create_task(listener.run())
        await asyncio.sleep(0)
        yield World(listener, around, clock, recorder)
        listener.stop(0.0)


def make_store(folder: Path) -> TlsStore:
    return TlsStore([CertificateFiles(*write_certificate(folder, "localhost"))])


def client_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
