"""The event log as processes share it: each writes its own chains, the supervisor signs all heads once a minute.

Once a day it signs a base and removes the files that have had their time (store.events.retention).
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from skrytka.daemon.layout import Layout
from skrytka.model.clock import Clock, Random
from skrytka.model.errors import UNREADABLE
from skrytka.model.events import ChainCheckpoint, Event, EventClass, EventsRetired, FaultRaised
from skrytka.model.settings import Settings
from skrytka.store.events import retention
from skrytka.store.events.checkpoint import FILE_NAME, INTERVAL_S, CheckpointSigner, Heads
from skrytka.store.events.writer import EventWriter

STATE_NAME = "checkpoint.key"  # beside the key ring: small, mutable, kept apart from what it protects


class EventLog(Protocol):
    """``model.events.Emitter`` with what its process has to do besides."""

    def emit(self, event: Event) -> None: ...

    async def flush(self) -> None:
        """Write and sync what was emitted since; called every 100 ms and once at the end."""
        ...

    def heads(self) -> Mapping[str, tuple[int, str]]:
        """Of this process' chains."""
        ...

    @property
    def is_failing(self) -> bool:
        """Whether events wait for a disk that takes none."""
        ...


def open_event_log(layout: Layout, name: str, clock: Clock, random: Random) -> EventWriter:
    """The log of the process of that name ("supervisor", "front-1", "cli")."""
    return EventWriter(layout.events, name, clock, random)


class Checkpoints:
    """Heads of all processes, signed together. The last heads of a process that ended are signed once more."""

    def __init__(self, layout: Layout, settings: Settings, clock: Clock, own: EventLog) -> None:
        anchor = settings.events.anchor_file
        self._signer = CheckpointSigner(
            layout.events, layout.ring.parent / STATE_NAME, clock, Path(layout.root / anchor) if anchor else None
        )
        self._folder = layout.events
        self._days_of = {kind.value: int(getattr(settings.events, f"{kind.value}_days")) for kind in EventClass}
        self._clock = clock
        self._own = own
        self._heads: dict[str, Heads] = {}
        self._ended: set[str] = set()
        self._due_s = clock.monotonic_s() + INTERVAL_S
        self._is_failing = False

    def report(self, process: str, heads: Heads) -> None:
        """What a child has on disk now; a new process of the same name keeps the heads of the old one until signed."""
        if process in self._ended:
            self._ended.discard(process)
            heads = self._heads[process] | heads
        self._heads[process] = heads

    def ended(self, process: str) -> None:
        """It writes no more."""
        if process in self._heads:
            self._ended.add(process)

    def tick(self) -> None:
        """Sign if a minute has passed."""
        if self._clock.monotonic_s() >= self._due_s:
            self.sign()

    def sign(self) -> None:
        """Sign now; a disk that refuses is a fault, and the next minute tries again."""
        self._due_s = self._clock.monotonic_s() + INTERVAL_S
        try:
            number = self._signer.sign(self._all_heads())
        except OSError as exc:
            if not self._is_failing:
                self._own.emit(FaultRaised(fault="F-event-checkpoint", detail=exc.strerror or type(exc).__name__))
            self._is_failing = True
            return
        self._is_failing = False
        for process in self._ended:
            del self._heads[process]
        self._ended.clear()
        self._own.emit(ChainCheckpoint(number=number))

    async def retire(self, now_ms: int) -> None:
        """By the time ``now_ms``, which no wrong clock must have given: sign a base, then remove what has had its time.

        Does nothing when that was done today. A disk that refuses, or checkpoints that cannot be read, are a fault; the
        next call tries again.
        """
        try:
            await self._retire(now_ms)
        except OSError as exc:
            self._own.emit(FaultRaised(fault="F-event-retention", detail=exc.strerror or type(exc).__name__))
        except UNREADABLE:  # `skrytka events verify` says which line
            self._own.emit(FaultRaised(fault="F-event-retention", detail=f"{FILE_NAME} is damaged"))

    async def _retire(self, now_ms: int) -> None:
        folder, today = self._folder, retention.day_of(now_ms)
        paths = retention.files_to_retire(folder, self._days_of, today)
        if not paths and retention.has_base(folder, today):
            return
        ends = await asyncio.to_thread(retention.ends_of, paths)
        living = self._all_heads()  # nothing is signed from here to the end of this function
        base = retention.base(folder, ends, living, self._days_of, today)
        number = self._signer.sign(base.heads, base.retired)
        if paths:
            names = tuple(f"{path.parent.name}/{path.stem}" for path in paths)
            self._own.emit(EventsRetired(files=names, number=number))
        retention.remove(paths)
        retention.trim_checkpoints(folder, today)

    def _all_heads(self) -> Heads:
        heads = dict(self._own.heads())
        for process_heads in self._heads.values():
            heads |= process_heads
        return heads
