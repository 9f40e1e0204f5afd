"""One connection: bytes of a transport to an engine and back, in clear or under TLS, on asyncio and uvloop alike.

A session is one task; only it calls the ``async`` methods. What it sends is collected and leaves in one write when it
waits for input (so pipelined replies share a packet, and TLS records) or when 64 KiB have come together. A peer that
does not read holds its session up, never our memory; a session that does not read holds its peer up likewise.

Ends: the peer's end of file reaches the engine as ``receive(b"")``; sending to a lost connection is DisconnectedError;
broken TLS is RemoteProtocolError; a deadline yields :class:`TimedOut` while waiting for input and cuts the line when
the peer does not read (design section 9).
"""

import asyncio
import contextlib
import math
import ssl
from typing import TypeVar, cast

from skrytka.model.engine import DisconnectedError, Engine, TimedOut, TlsFacts, Woken
from skrytka.model.errors import LocalProtocolError, RemoteProtocolError
from skrytka.net.driver import Events
from skrytka.net.facts import ConnFacts, normalise
from skrytka.net.gate import Gate
from skrytka.net.paced import Paced
from skrytka.net.sweeper import Sweeper, TimeLimit
from skrytka.net.tls_pipe import ServerTls, TlsPipe

OUTPUT_HIGH_BYTES = 64 * 1024  # collected output above it is written at once
PIECE_BYTES = 64 * 1024  # large output is encrypted and written in pieces: 60 µs each
WRITE_HIGH_BYTES = 128 * 1024  # what the transport may hold before the session waits
FIRST_DEADLINE_S = 300.0  # until the session sets its own
HANDSHAKE_S = 30.0
WRITE_STALL_S = 300.0  # RFC 5321 4.5.3.2.5 and .6 give no less to a slow line
GRACE_S = 10.0  # to say goodbye after the deadline
LINGER_S = 3.0  # closing with unread input would reset the connection and lose our last words on the way
LINGER_BYTES = 1024 * 1024
BUSY_MAX_S = 600.0  # a session that works so long past its deadline hangs: it is cancelled
EventT = TypeVar("EventT")


class Connection(Paced):
    """See the module. ``messages``, ``errors`` and ``cause`` are for the session to fill; SessionClosed shows them."""

    # fmt: off
    __slots__ = (
        "_deadline_at", "_fault", "_has_grace", "_is_timed_out", "_is_woken", "_lingered", "_output", "_pipe",
        "_shaken", "_tls_source", "cause", "due_at", "ends_at_s", "errors", "facts", "is_draining", "messages",
        "owner", "tls",
    )
    # fmt: on

    def __init__(self, facts: ConnFacts, sweeper: Sweeper, tls: ServerTls | None = None) -> None:
        super().__init__(sweeper)
        self.facts = facts
        self.tls: TlsFacts | None = None
        self.is_draining = False
        self.messages = 0
        self.errors = 0
        self.cause = ""
        self.due_at = sweeper.clock.monotonic_s() + FIRST_DEADLINE_S
        self.ends_at_s = math.inf
        self.owner: asyncio.Task[None] | None = None
        self._tls_source = tls
        self._pipe: TlsPipe | None = None
        self._output = bytearray()
        self._shaken = Gate()  # the handshake is done
        self._fault: RemoteProtocolError | None = None
        self._deadline_at = self.due_at
        self._lingered = 0
        self._is_woken = False
        self._is_timed_out = False
        self._has_grace = False

    # -- for the session ------------------------------------------------------------------------------------------

    @property
    def local_address(self) -> str:
        """Ours of this connection, in canonical form; "" when it is lost, or no socket of the Internet."""
        name = self._transport.get_extra_info("sockname")
        return str(normalise(name[0])) if isinstance(name, tuple) else ""

    @property
    def can_start_tls(self) -> bool:
        """Whether :meth:`upgrade_tls` would be allowed now."""
        return self._tls_source is not None and self._pipe is None

    def events(self, engine: Engine[EventT]) -> Events[EventT]:
        """What happens, until the peer has ended: the engine's events, Woken and TimedOut.

        Collected output is written before the peer is waited for. LocalProtocolError when the session asks for the
        next event before it answered one that the engine is paused for; RemoteProtocolError when TLS is broken.
        """
        return Events(self, engine)

    async def send(self, data: bytes | memoryview) -> None:
        """Collect output. Waits only for a peer that does not read; DisconnectedError when there is none."""
        if len(data) > PIECE_BYTES:
            await self.flush()
            await self._send_pieces(memoryview(data))
            return
        if self.is_lost:
            raise DisconnectedError
        self._output += data
        if len(self._output) >= OUTPUT_HIGH_BYTES:
            await self.flush()

    async def flush(self) -> None:
        """Write what was collected; returns when the transport has taken it, not when the peer has it."""
        if self.is_lost:
            raise DisconnectedError
        if self._output:
            data = bytes(self._output)
            self._output.clear()
            self._emit(data)
        if self._is_write_paused:
            await self._drain()

    async def upgrade_tls(self) -> TlsFacts:
        """The server's half of a handshake; collected output (the reply to STARTTLS) goes first, in clear.

        Clear text that came before that reply left is dropped (RFC 3207 4.2); whatever comes after it is TLS.
        RemoteProtocolError when the handshake fails, DisconnectedError when the peer leaves or takes over 30 s.
        """
        if self._tls_source is None or self._pipe is not None:
            raise LocalProtocolError("TLS cannot be started here")
        pipe = TlsPipe(self._tls_source.server_context(), is_server=True)
        if self._output:
            self._input.clear()
        return await self.start_tls(pipe)

    async def start_tls(self, pipe: TlsPipe) -> TlsFacts:
        """Either half of a handshake on a given pipe; unread input is taken for the peer's first TLS bytes."""
        await self.flush()
        if self._is_eof:
            raise DisconnectedError
        self._pipe = pipe
        self.due_at = min(self._deadline_at, self._sweeper.clock.monotonic_s() + HANDSHAKE_S)
        self._feed_tls(self.take_input())
        try:
            if not (pipe.is_established or self._fault is not None):
                await self._shaken.wait()
        finally:
            self._restore_deadline()
        if self._fault is not None:
            raise self._fault
        assert self.tls is not None  # noqa: S101 - for the type checker
        return self.tls

    def deadline(self, seconds: float) -> None:
        """From now on the session waits for its peer so long at most; a new call replaces the last.

        Never beyond ``ends_at_s``, the end of the session, where one is set.
        """
        self._deadline_at = min(self._sweeper.clock.monotonic_s() + seconds, self.ends_at_s)
        self._has_grace = False
        self._is_timed_out = False
        if not self._drained.is_waited_at:
            self._restore_deadline()

    def time_limit(self, seconds: float) -> TimeLimit:
        """``with`` it around work of the session's own; TimeoutError ends what takes longer."""
        return TimeLimit(self._sweeper, seconds)

    def wake(self) -> None:
        """Make :meth:`events` yield Woken; callable from anywhere in the loop. Several calls may give one event."""
        self._is_woken = True
        self._arrived.open()

    def start_drain(self) -> None:
        """The process wants to end: the session sees ``is_draining`` and is woken."""
        self.is_draining = True
        self.wake()

    async def close(self) -> None:
        """Flush, close_notify, end of file; then the peer may read for 3 s. Returns when the socket is gone."""
        with contextlib.suppress(DisconnectedError):
            await self.flush()
        if not self._lost.done():
            self._begin_close()
        await asyncio.shield(self._lost)

    def abort(self, cause: str = "") -> None:
        """Cut the line now; what was not sent is lost."""
        self.cause = self.cause or cause
        self._output.clear()
        if not self._lost.done():
            self._transport.abort()

    # -- reading, for Events --------------------------------------------------------------------------------------

    async def wait_input(self) -> Woken | TimedOut | None:
        """None when there is input or its end."""
        if self._output or self._is_write_paused:
            with contextlib.suppress(DisconnectedError):  # the engine is to see the end of file
                await self.flush()
        while True:
            if self._is_woken:
                self._is_woken = False
                return Woken()
            if self._input:
                return None
            if self._fault is not None:
                raise self._fault
            if self._is_eof:
                return None
            if self._is_timed_out:
                self._is_timed_out = False
                return TimedOut()
            await self._arrived.wait()

    # -- for the sweeper ------------------------------------------------------------------------------------------

    def expire(self, now_s: float) -> None:
        """Woken to say goodbye when waiting for input, cut when waiting for anything else of the peer's."""
        if self._arrived.is_waited_at and not self._has_grace:
            self._has_grace = self._is_timed_out = True
            self.due_at = now_s + GRACE_S
            self.cause = self.cause or "timeout"
            self._arrived.open()
        elif self._is_closing or any(gate.is_waited_at for gate in (self._arrived, self._drained, self._shaken)):
            self.abort("timeout")
        elif now_s - self.due_at > BUSY_MAX_S:
            self.abort("timeout")
            if self.owner is not None:
                self.owner.cancel()

    # -- for the transport ----------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=WRITE_HIGH_BYTES)
        self._sweeper.add(self)

    def buffer_updated(self, nbytes: int) -> None:
        if self._is_closing:
            self._lingered += nbytes
            if self._lingered > LINGER_BYTES:
                self._transport.abort()
        elif self._pipe is None:
            self._take(self._sweeper.read_buffer[:nbytes])
        else:
            self._feed_tls(self._sweeper.read_buffer[:nbytes])

    def eof_received(self) -> bool:
        """Keeps the way out open: a peer may end its half after its last command and still read the replies."""
        if self._is_closing:
            return False
        self._end_input()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self._sweeper.discard(self)
        self._is_write_paused = False
        if not self._lost.done():
            self._lost.set_result(None)
        self._end_input()
        self._drained.open()

    # -- inside ---------------------------------------------------------------------------------------------------

    def _end_input(self) -> None:
        self._is_eof = True
        self._arrived.open()
        self._shaken.fail(DisconnectedError())

    def _feed_tls(self, data: bytes | memoryview) -> None:
        """Bytes of the wire into TLS; never raises: broken TLS ends the input with a fault."""
        pipe = self._pipe
        assert pipe is not None  # noqa: S101 - for the type checker
        try:
            if not pipe.is_established:
                is_done = pipe.handshake(data)
                self._write(pipe.output())
                if not is_done:
                    return
                self.tls = pipe.facts()  # now: after garbage in the same packet OpenSSL knows them no more
                self._shaken.open()
                data = b""
            plain, is_end = pipe.decrypt(data)
        except ssl.SSLError as exc:
            self._fail_tls(pipe, exc)
            return
        self._write(pipe.output())
        if self._is_write_paused:
            self._pause_reading()  # or key updates from a peer that does not read would pile up their answers
        if plain:
            self._take(plain)
        if is_end:
            self._end_input()

    def _fail_tls(self, pipe: TlsPipe, exc: ssl.SSLError) -> None:
        """Alert, then nothing more; unread input is dropped, since somebody may have cut it."""
        self._fault = RemoteProtocolError(f"TLS: {exc.reason or 'error'}")
        self._fault.__cause__ = exc  # what is wrong with a certificate stands there
        self._write(pipe.output())
        self._output.clear()
        self._begin_close()
        self._shaken.fail(self._fault)
        self._arrived.open()
        self._drained.open()

    def _begin_close(self) -> None:
        if self._is_closing:
            return
        if self._pipe is not None and self._pipe.is_established and self._fault is None:
            self._write(self._pipe.close_notify())
        self._is_closing = True
        self._input.clear()
        self.due_at = self._sweeper.clock.monotonic_s() + LINGER_S
        if self._is_eof or self._transport.is_closing() or not self._transport.can_write_eof():
            self._transport.close()
            return
        try:
            self._transport.write_eof()
        except OSError:  # asyncio: the peer has reset the connection and nobody has told us yet
            self._transport.abort()
            return
        self._resume_reading()

    def _emit(self, data: bytes | memoryview) -> None:
        self._write(data if self._pipe is None else self._pipe.encrypt(data))

    async def _send_pieces(self, view: memoryview) -> None:
        """Much at once: the loop serves others between two pieces."""
        for start in range(0, len(view), PIECE_BYTES):
            self._emit(view[start : start + PIECE_BYTES])
            if self._is_write_paused:
                await self._drain()
            else:
                await asyncio.sleep(0)
            if self.is_lost:
                raise DisconnectedError

    async def _drain(self) -> None:
        while self._is_write_paused and not self.is_lost:
            self.due_at = self._sweeper.clock.monotonic_s() + WRITE_STALL_S
            try:
                await self._drained.wait()
            finally:
                self._restore_deadline()
        if self.is_lost:
            raise DisconnectedError

    def _restore_deadline(self) -> None:
        """What the session waits for is over; a connection that closes keeps its short time to linger."""
        if not self._is_closing:
            self.due_at = self._deadline_at
