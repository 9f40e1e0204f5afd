"""A front's end of the store: many commands in flight on one socket to the store process, reads on its own file.

When the store process is lost, what was in flight waits for :meth:`StoreClient.attach`, is sent again as a retry, and
the journal says whether it had committed. Nothing waits longer than ANSWER_S, or RESTART_S without a store process.
"""

import asyncio
import socket
from collections.abc import Callable
from typing import Any, TypeVar, cast

from skrytka.model.errors import UNREADABLE, Reason, RemoteProtocolError, TransientError
from skrytka.model.framing import FrameReader
from skrytka.model.ids import AccountId, State
from skrytka.store.api import Reader
from skrytka.store.commands import AnyCommand
from skrytka.store.commands.base import Command, answer_decoder
from skrytka.store.feed import FeedTable
from skrytka.store.statement import Query
from skrytka.store.wire import Answer, Ask, decode_told, encode
from skrytka.store.work import Done, Failure

R = TypeVar("R")
ANSWER_S = 60.0  # a store process that takes longer hangs; the command may still happen, once
RESTART_S = 20.0  # for a new store process to come
SWEEP_S = 0.5


class _Pending:
    __slots__ = ("command", "deadline", "future")

    def __init__(self, command: Command[Any], deadline: float, future: "asyncio.Future[bytes]") -> None:
        self.command = command
        self.deadline = deadline
        self.future = future


class _Link(asyncio.Protocol):
    """One socket to one store process."""

    def __init__(self, client: "StoreClient") -> None:
        self._client = client
        self._reader = FrameReader()
        self.transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        try:
            for raw in self._reader.feed(data):
                self._client.told(decode_told(raw))
        except (RemoteProtocolError, *UNREADABLE):
            if self.transport is not None:
                self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._client.lost(self)


class StoreClient:
    """The ``Store`` of a front with SQLite. Made on the running loop; works on asyncio and uvloop."""

    def __init__(self, reader: Reader, *, answer_s: float = ANSWER_S, restart_s: float = RESTART_S) -> None:
        self._loop = asyncio.get_running_loop()
        self._reader = reader
        self._answer_s = answer_s
        self._restart_s = restart_s
        self._link: _Link | None = None
        self._pending: dict[bytes, _Pending] = {}
        self._feed = FeedTable()
        self._sweep: asyncio.TimerHandle | None = None
        self._is_closed = False

    async def attach(self, sock: socket.socket) -> None:
        """Speak with the store process behind this socket (AF_UNIX, SOCK_STREAM), the first or a new one."""
        old, self._link = self._link, None
        if old is not None and old.transport is not None:
            old.transport.abort()
        sock.setblocking(False)  # noqa: FBT003 - the stdlib names it so
        _, link = await self._loop.create_unix_connection(lambda: _Link(self), sock=sock)
        self._link = link
        for pending in self._pending.values():
            pending.deadline = self._loop.time() + self._answer_s
            self._send(pending.command, is_retry=True)
        self._feed.wake_all()

    async def submit(self, command: Command[R]) -> R:
        """See ``Store.submit``."""
        raw = await self._ask(command)
        return answer_decoder(type(command))(raw)

    async def read(self, query: Query[R]) -> R:
        """See ``Store.read``; never waits."""
        return self._reader.read(query)

    def watch(self, account: AccountId, notify: Callable[[State], None]) -> Callable[[], None]:
        """See ``Store.watch``."""
        return self._feed.watch(account, notify)

    async def close(self) -> None:
        """Fail what is in flight, close the socket; the reader is its owner's to close."""
        self._is_closed = True
        self._fail(lambda _: True)
        if self._sweep is not None:
            self._sweep.cancel()
        if self._link is not None and self._link.transport is not None:
            self._link.transport.close()
            self._link = None

    async def _ask(self, command: Command[Any]) -> bytes:
        if self._is_closed:
            raise TransientError(Reason.STORE_DOWN, "the client is closed")
        unit = command.unit
        if unit in self._pending:
            raise ValueError("this unit is in flight already")
        link = self._link
        deadline = self._loop.time() + (self._answer_s if link is not None else self._restart_s)
        future: asyncio.Future[bytes] = self._loop.create_future()
        self._pending[unit] = _Pending(command, deadline, future)
        if self._sweep is None:
            self._sweep = self._loop.call_later(SWEEP_S, self._swept)
        try:
            if link is not None:
                self._send(command, is_retry=False)
            return await future
        finally:
            self._pending.pop(unit, None)

    def _send(self, command: Command[Any], *, is_retry: bool) -> None:
        if self._link is not None and self._link.transport is not None:
            self._link.transport.write(encode(Ask(is_retry, cast("AnyCommand", command))))

    def told(self, message: object) -> None:
        """An answer or the feed has come."""
        if not isinstance(message, Answer):
            self._feed.changed(getattr(message, "changed", ()))
            return
        pending = self._pending.get(message.unit)
        if pending is None or pending.future.done():
            return  # its caller has gone
        match message.outcome:
            case Done(answer=answer):
                pending.future.set_result(answer)
            case Failure() as failure:
                pending.future.set_exception(failure.error())

    def lost(self, link: _Link) -> None:
        """The store process is gone: what is in flight waits for the next one."""
        if link is not self._link:
            return
        self._link = None
        deadline = self._loop.time() + self._restart_s
        for pending in self._pending.values():
            pending.deadline = min(pending.deadline, deadline)

    def _swept(self) -> None:
        now = self._loop.time()
        self._fail(lambda pending: pending.deadline <= now)
        self._sweep = self._loop.call_later(SWEEP_S, self._swept) if self._pending else None

    def _fail(self, is_meant: Callable[[_Pending], bool]) -> None:
        for pending in list(self._pending.values()):
            if is_meant(pending) and not pending.future.done():
                pending.future.set_exception(TransientError(Reason.STORE_DOWN, "no answer from the store process"))
