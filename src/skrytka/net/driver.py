"""Drives an engine with the input of a connection: what ``async for event in conn.events(engine)`` runs on."""

from typing import Generic, Protocol, Self, TypeVar

from skrytka.model.engine import PAUSED, Engine, Signal, TimedOut, Woken
from skrytka.model.errors import LocalProtocolError

EventT = TypeVar("EventT")


class Input(Protocol):
    """Where the bytes come from: a Connection."""

    async def wait_input(self) -> Woken | TimedOut | None:
        """None when there is input or its end."""
        ...

    def take_input(self) -> bytes:
        """All that has come; ``b""`` at the end of file."""
        ...


class Events(Generic[EventT]):
    """The iterator behind :meth:`Connection.events`; a class, since an unfinished generator costs a task to end."""

    __slots__ = ("_conn", "_engine", "_has_ended")

    def __init__(self, conn: Input, engine: Engine[EventT]) -> None:
        self._conn = conn
        self._engine = engine
        self._has_ended = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> EventT | Woken | TimedOut:
        while True:
            event = self._engine.next_event()
            if not isinstance(event, Signal):
                return event
            if event is PAUSED:
                raise LocalProtocolError("the next event was asked for before the last one was answered")
            if self._has_ended:
                raise StopAsyncIteration
            if (signal := await self._conn.wait_input()) is not None:
                return signal
            data = self._conn.take_input()
            self._has_ended = not data
            self._engine.receive(data)
