"""Where the event log plugs in: each process opens one :class:`EventLog` under its own name and flushes it.

``store.events`` writes the chained files; until it is here events are only counted.
"""

from collections import Counter
from typing import Protocol

from skrytka.daemon.layout import Layout
from skrytka.model.clock import Clock, Random
from skrytka.model.events import Event

FLUSH_S = 0.1  # design section 8


class EventLog(Protocol):
    """``model.events.Emitter`` with the two things its process has to do."""

    def emit(self, event: Event) -> None: ...

    async def flush(self) -> None:
        """Write and sync what was emitted since; called every 100 ms and once at the end."""
        ...

    def close(self) -> None: ...


class CountingLog:
    """Counts events by class and keeps none."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def emit(self, event: Event) -> None:
        self.counts[type(event).__name__] += 1

    async def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing is open."""


def open_event_log(
    layout: Layout,  # noqa: ARG001 - for store.events
    name: str,  # noqa: ARG001
    clock: Clock,  # noqa: ARG001
    random: Random,  # noqa: ARG001
) -> EventLog:
    """The log of the process of that name ("supervisor", "front-1", "cli")."""
    return CountingLog()
