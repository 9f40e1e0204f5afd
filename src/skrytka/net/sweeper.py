"""Deadlines of all connections of a process, by one timer (conventions C13).

``asyncio.timeout`` around each wait costs 100 µs a message; here a deadline is a field, and once a second the sweeper
looks at all of them (60 ns each). A deadline is kept to the second, never early. No connection, no timer.
"""

import asyncio
from types import TracebackType
from typing import Protocol, Self

from skrytka.model.clock import Clock

GRID_S = 1.0
READ_BUFFER_BYTES = 64 * 1024


class Swept(Protocol):
    """What has a deadline."""

    due_at: float

    def expire(self, now_s: float) -> None:
        """The deadline has passed; called again each second until it lies in the future or the entry is gone."""
        ...


class Sweeper:
    """The deadlines of one event loop, and the read buffer that its connections share.

    A loop reads one socket at a time and hands the bytes over before the next, so one buffer serves all: an idle
    connection holds none.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.read_buffer = memoryview(bytearray(READ_BUFFER_BYTES))
        self._swept: set[Swept] = set()
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._swept)

    def add(self, swept: Swept) -> None:
        """Watch it until :meth:`discard`."""
        self._swept.add(swept)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(GRID_S, self._tick)

    def discard(self, swept: Swept) -> None:
        """Watch it no longer; harmless when unknown."""
        self._swept.discard(swept)
        if not self._swept and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def sweep(self) -> None:
        """End what is late; the timer calls it, and tests do."""
        now_s = self.clock.monotonic_s()
        for swept in [swept for swept in self._swept if swept.due_at <= now_s]:
            swept.expire(now_s)

    def _tick(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(GRID_S, self._tick)
        self.sweep()


class TimeLimit:
    """``asyncio.timeout`` by the sweeper: a set instead of a timer; TimeoutError up to a second late, never early.

    Only around code of the current task that waits; entered once.
    """

    __slots__ = ("_cancelling", "_has_expired", "_sweeper", "_task", "due_at")

    def __init__(self, sweeper: Sweeper, seconds: float) -> None:
        self.due_at = sweeper.clock.monotonic_s() + seconds
        self._sweeper = sweeper
        self._has_expired = False
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0

    def __enter__(self) -> Self:
        self._task = asyncio.current_task()
        assert self._task is not None  # noqa: S101 - for the type checker
        self._cancelling = self._task.cancelling()
        self._sweeper.add(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self._sweeper.discard(self)
        if not self._has_expired or self._task is None:
            return
        is_ours = self._task.uncancel() <= self._cancelling  # else somebody cancelled the task as well
        if is_ours and kind is not None and issubclass(kind, asyncio.CancelledError):
            raise TimeoutError from error

    def expire(self, _now_s: float) -> None:
        """The sweeper's."""
        if not self._has_expired and self._task is not None:
            self._has_expired = True
            self._task.cancel()
