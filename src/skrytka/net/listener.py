"""One listening socket and the sessions that came through it.

Several processes accept on the same inherited socket. Each connection is one task of the listener's TaskGroup. What
fails: no descriptors left (accepting pauses for a second, a fault is raised once), too many connections (a line of
refusal where the protocol is in clear, and closed), a bug in a session (BugCaught; the other sessions go on).
"""

import asyncio
import contextlib
import errno
import socket
from collections.abc import Awaitable, Callable

import msgspec

from skrytka.model.clock import Random
from skrytka.model.engine import DisconnectedError
from skrytka.model.errors import ReasonedError, RemoteProtocolError, TransientError
from skrytka.model.events import Emitter, Event, FaultRaised, SessionClosed, SessionOpened
from skrytka.model.ids import TraceId, new_id
from skrytka.model.limits import ConnectionLimits
from skrytka.net.bugs import bug_caught
from skrytka.net.connection import Connection
from skrytka.net.facts import ConnFacts, Networks, describe, host_of
from skrytka.net.limits import Cap, LimitTable, LocalLimits, SharedLimits
from skrytka.net.sweeper import Sweeper
from skrytka.net.tls_pipe import ServerTls

Session = Callable[[Connection], Awaitable[None]]

ACCEPT_BURST = (
    16  # per wake, so that one process does not take a whole burst from its siblings, nor starve its sessions
)
ACCEPT_PAUSE_S = 1.0
CANCEL_AFTER_CUT_S = 1.0
REFUSALS_LOGGED_PER_S = 10  # a flood of refused connections must not become a flood of events


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """What a listener serves."""

    name: str  # "smtp", "imaps"...
    session: Session
    is_implicit_tls: bool = False
    tls: ServerTls | None = None  # instead of that of all listeners
    refusal: bytes = b""  # sent in clear to a connection too many, e.g. ``replies.TOO_MANY_CONNECTIONS.encode()``


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What all listeners of a process share."""

    sweeper: Sweeper
    random: Random
    events: Emitter
    limits: SharedLimits
    tls: ServerTls | None = None
    caps: ConnectionLimits = ConnectionLimits()
    exempt: Networks = Networks(())


class Listener:
    """``run()`` accepts until ``stop()``, then waits for the sessions; one object serves once."""

    def __init__(self, sock: socket.socket, service: Service, around: Surroundings) -> None:
        sock.setblocking(False)  # noqa: FBT003 - the method knows no name for it
        if sock.family in (socket.AF_INET, socket.AF_INET6):  # accepted sockets inherit both
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._sock = sock
        self._service = service
        self._around = around
        self._connections: set[Connection] = set()
        self._group: asyncio.TaskGroup | None = None
        self._stopped = asyncio.Event()
        self._timers: list[asyncio.TimerHandle] = []
        self._is_starved = False
        self._table = LimitTable(around.sweeper.clock)

    def __len__(self) -> int:
        """Open connections."""
        return len(self._connections)

    @property
    def port(self) -> int:
        """What the socket is bound to."""
        return int(self._sock.getsockname()[1])

    async def run(self) -> None:
        """Accept until :meth:`stop`; returns when the last session has ended, the socket closed."""
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                self._start_accepting()
                try:
                    await self._stopped.wait()
                finally:
                    self._stop_accepting()
        finally:
            for timer in self._timers:
                timer.cancel()
            self._sock.close()

    def stop(self, wait_s: float) -> None:
        """Accept no more, tell the sessions, and cut those that are still there after ``wait_s``."""
        if self._stopped.is_set():
            return
        self._stop_accepting()
        self._sock.close()  # who comes now is refused at once and does not wait in a backlog nobody looks at
        self._stopped.set()
        for conn in self._connections:
            conn.start_drain()
        self._timers.append(asyncio.get_running_loop().call_later(wait_s, self._cut))

    # -- accepting ------------------------------------------------------------------------------------------------

    def _start_accepting(self) -> None:
        if not self._stopped.is_set():
            asyncio.get_running_loop().add_reader(self._sock.fileno(), self._accept)

    def _stop_accepting(self) -> None:
        if self._sock.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._sock.fileno())

    def _accept(self) -> None:
        assert self._group is not None  # noqa: S101 - for the type checker
        for _ in range(ACCEPT_BURST):
            try:
                sock, address = self._sock.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as exc:
                self._pause(exc)
                return
            self._is_starved = False
            self._group.create_task(self._guard(sock, (address[0], address[1])))

    def _pause(self, exc: OSError) -> None:
        """No descriptors or memory: what waits stays in the backlog, since accepting at once again would spin."""
        self._stop_accepting()
        self._timers = [asyncio.get_running_loop().call_later(ACCEPT_PAUSE_S, self._start_accepting)]
        if not self._is_starved:
            self._is_starved = True
            self._emit(FaultRaised(fault="F-accept", detail=errno.errorcode.get(exc.errno or 0, "unknown")))

    # -- one connection -------------------------------------------------------------------------------------------

    async def _guard(self, sock: socket.socket, remote: tuple[str, int]) -> None:
        """Nothing that one connection does may end the group, and with it all the others."""
        try:
            with sock:
                await self._serve(sock, remote)
        except Exception as exc:  # noqa: BLE001 - see above
            self._emit(bug_caught(exc))

    async def _serve(self, sock: socket.socket, remote: tuple[str, int]) -> None:
        sock.setblocking(False)  # noqa: FBT003 - the method knows no name for it
        try:
            facts = self._facts(sock, remote)
        except OSError:
            return  # gone already
        if self._stopped.is_set():
            return
        caps = self._caps(facts)
        limits, refused_by = await self._acquire(caps)
        if refused_by is not None:
            self._refuse(sock, facts)
            return
        try:
            await self._connected(sock, facts)
        finally:
            await _release(limits, caps)

    async def _connected(self, sock: socket.socket, facts: ConnFacts) -> None:
        around = self._around
        try:
            _, conn = await asyncio.get_running_loop().connect_accepted_socket(
                lambda: Connection(facts, around.sweeper, self._service.tls or around.tls), sock
            )
        except OSError:
            return
        conn.owner = asyncio.current_task()
        self._connections.add(conn)
        self._emit(
            SessionOpened(trace=facts.trace, service=facts.service, remote=facts.remote, local_port=facts.local_port)
        )
        try:
            await self._session(conn)
            await conn.close()
        finally:
            conn.abort()
            self._connections.discard(conn)
            self._emit(_closed(conn))

    async def _session(self, conn: Connection) -> None:
        """The session, and what its end means; only cancellation gets through."""
        if self._stopped.is_set():
            conn.start_drain()
        try:
            if self._service.is_implicit_tls:
                await conn.upgrade_tls()
            await self._service.session(conn)
            conn.cause = conn.cause or ("drain" if conn.is_draining else "eof" if conn.is_eof else "quit")
        except DisconnectedError:
            conn.cause = conn.cause or "eof"
        except RemoteProtocolError:
            conn.cause = conn.cause or "error"
        except ReasonedError as exc:
            conn.cause = conn.cause or "error"
            self._emit(FaultRaised(trace=conn.facts.trace, fault="F-session", detail=str(exc)))
        except Exception as exc:  # noqa: BLE001 - the one place for a session's bugs (conventions C6)
            conn.cause = conn.cause or "error"
            self._emit(bug_caught(exc, conn.facts.trace))

    def _facts(self, sock: socket.socket, remote: tuple[str, int]) -> ConnFacts:
        around = self._around
        local = sock.getsockname()
        trace = TraceId(new_id(around.sweeper.clock, around.random))
        return describe(self._service.name, remote, (local[0], local[1]), around.exempt, trace)

    # -- limits ---------------------------------------------------------------------------------------------------

    def _caps(self, facts: ConnFacts) -> tuple[Cap, ...]:
        """Exempt networks are counted in the total alone, which guards memory and descriptors."""
        caps = self._around.caps
        total = Cap("connections", facts.service, caps.total)
        if facts.is_exempt:
            return (total,)
        return (
            Cap("connections of address", f"{facts.service} {host_of(facts.remote)}", caps.per_address),
            Cap("connections of network", f"{facts.service} {facts.network}", caps.per_network),
            total,
        )

    async def _acquire(self, caps: tuple[Cap, ...]) -> tuple[SharedLimits, Cap | None]:
        """With the supervisor away this process counts by itself: weaker limits, but mail goes on."""
        shared = self._around.limits
        try:
            return shared, await shared.acquire(caps)
        except TransientError as exc:
            self._emit(FaultRaised(fault="F-limits", detail=exc.reason.value))
            local = LocalLimits(self._table)
            return local, await local.acquire(caps)

    def _refuse(self, sock: socket.socket, facts: ConnFacts) -> None:
        if self._service.refusal and not self._service.is_implicit_tls:
            with contextlib.suppress(OSError):
                sock.send(self._service.refusal)
        if self._table.take("refusal events", "", limit=REFUSALS_LOGGED_PER_S, window_s=1.0):
            self._emit(
                SessionOpened(
                    trace=facts.trace, service=facts.service, remote=facts.remote, local_port=facts.local_port
                )
            )
            self._emit(SessionClosed(trace=facts.trace, service=facts.service, cause="refused"))

    # -- the end --------------------------------------------------------------------------------------------------

    def _cut(self) -> None:
        for conn in self._connections:
            conn.abort("drain")
        self._timers.append(asyncio.get_running_loop().call_later(CANCEL_AFTER_CUT_S, self._cancel))

    def _cancel(self) -> None:
        for conn in self._connections:
            if conn.owner is not None:
                conn.owner.cancel()

    def _emit(self, event: Event) -> None:
        self._around.events.emit(event)


async def _release(limits: SharedLimits, caps: tuple[Cap, ...]) -> None:
    with contextlib.suppress(TransientError):  # the supervisor is gone, and its counts with it
        await limits.release(caps)


def _closed(conn: Connection) -> SessionClosed:
    return SessionClosed(
        trace=conn.facts.trace,
        service=conn.facts.service,
        cause=conn.cause or "error",  # without one the session was cancelled
        messages=conn.messages,
        errors=conn.errors,
        tls=str(conn.tls) if conn.tls is not None else "",
    )
