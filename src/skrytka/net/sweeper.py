"""Deadlines of all connections of a process, by one timer (conventions C13).

``asyncio.timeout`` around each wait costs 100 µs a message; here a deadline is a field, and once a second the sweeper
looks at all of them (60 ns each). A deadline is kept to the second, never early. No connection, no timer.
"""

import asyncio
from typing import Protocol

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
