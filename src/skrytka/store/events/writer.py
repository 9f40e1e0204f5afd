"""The writing end: one per process, a hash chain per class, on disk within 100 ms. Set back by a day, it begins anew.

``emit`` costs some microseconds and never blocks. When the disk takes nothing, events wait in memory up to a bound;
beyond it they are counted, not chained, and a fault event tells how many were lost once the disk is back.
"""

import asyncio
import fcntl
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from skrytka.model.clock import Clock, Random
from skrytka.model.events import Event, EventClass, FaultRaised
from skrytka.model.ids import id_text, new_id
from skrytka.store.events import line as lines
from skrytka.store.files import sync_folder

FLUSH_S = 0.1
WAITING_MAX_BYTES = 16 * 1024 * 1024
FAULT_DISK = "F-events-disk"


class _Row(NamedTuple):
    chain: str
    day: str
    raw_line: bytes
    seq: int
    digest: str


class _Batch:
    """What one flush writes, in a thread that may be short of memory or start late."""

    __slots__ = ("is_over", "lock", "rows", "written")

    def __init__(self, rows: dict[EventClass, list[_Row]]) -> None:
        self.rows = rows
        self.written: dict[EventClass, int] = {}  # class -> how many of its rows are synced
        self.is_over = False
        self.lock = threading.Lock()

    def give_up(self) -> None:
        """Nothing more of it is written. A pool that could start no thread keeps the work, for one that comes free."""
        with self.lock:
            self.is_over = True


class _Chain:
    """Head of the chain of one class; what of the class is not yet on disk."""

    __slots__ = ("day", "head", "name", "seq", "waiting")

    def __init__(self, name: str) -> None:
        self.waiting: list[_Row] = []
        self.begin(name)

    def begin(self, name: str) -> None:
        """A new chain; rows of the one before go on waiting."""
        self.name = name
        self.seq = 0
        self.head = ""
        self.day = ""


class EventWriter:
    """Implements ``model.events.Emitter`` for one process; not thread-safe, used from its event loop only."""

    def __init__(self, folder: Path, process: str, clock: Clock, random: Random) -> None:
        self._folder = folder
        self._clock = clock
        self._random = random
        self._process = process
        self._chains = {kind: _Chain(self._new_name(kind)) for kind in EventClass}
        self._synced: dict[str, tuple[int, str]] = {}  # chain -> (seq, hash) of its last line on disk
        self._waiting_bytes = 0
        self._lost = 0
        self._is_failing = False
        self._flush_lock = asyncio.Lock()

    @property
    def is_failing(self) -> bool:
        """Whether the last flush could not write all."""
        return self._is_failing

    def emit(self, event: Event) -> None:
        """Chain the event and let it wait for the next flush."""
        if self._waiting_bytes > WAITING_MAX_BYTES:
            self._lost += 1
            return
        chain = self._chains[event.CLASS]
        at = lines.instant_text(self._clock.now_ms())
        day = at[:10]
        if day < chain.day:  # the clock was set back: a chain runs through the days' files in their order
            chain.begin(self._new_name(event.CLASS))
        chain.day = day
        salt = self._random.token(lines.SALT_BYTES) if event.PERSONAL else b""
        raw_line, digest = lines.encode(event, at=at, chain=chain.name, seq=chain.seq + 1, prev=chain.head, salt=salt)
        chain.seq += 1
        chain.head = digest
        chain.waiting.append(_Row(chain.name, day, raw_line, chain.seq, digest))
        self._waiting_bytes += len(raw_line)

    def heads(self) -> dict[str, tuple[int, str]]:
        """Chain name -> (seq, hash) of the last event that is on disk; chains without any are left out."""
        return dict(self._synced)

    def _new_name(self, kind: EventClass) -> str:
        """A process that starts again begins new chains."""
        return f"{self._process}.{id_text(new_id(self._clock, self._random))}.{kind.value}"

    async def flush(self) -> None:
        """Bring what waits to disk, synced; on failure it goes on waiting."""
        async with self._flush_lock:
            batch = _Batch({kind: chain.waiting for kind, chain in self._chains.items() if chain.waiting})
            if not batch.rows:
                return
            for kind in batch.rows:
                self._chains[kind].waiting = []
            try:
                await asyncio.to_thread(self._write, batch)
            except (RuntimeError, MemoryError):  # no memory for a thread, or in it
                batch.give_up()
            counts = {kind: batch.written.get(kind, 0) for kind in batch.rows}
            for kind, rows in batch.rows.items():
                self._settle(self._chains[kind], rows, counts[kind])
            self._tell_faults(is_failing=any(counts[kind] < len(rows) for kind, rows in batch.rows.items()))

    def _settle(self, chain: _Chain, rows: list[_Row], count: int) -> None:
        """``count`` of the rows are on disk; the others wait on, before what came meanwhile."""
        chain.waiting[:0] = rows[count:]
        for row in rows[:count]:
            self._synced[row.chain] = (row.seq, row.digest)
            self._waiting_bytes -= len(row.raw_line)

    def _tell_faults(self, *, is_failing: bool) -> None:
        if is_failing and not self._is_failing:
            self.emit(FaultRaised(fault=FAULT_DISK, detail="events cannot be written; they wait in memory"))
        elif not is_failing and self._lost:
            lost, self._lost = self._lost, 0
            self.emit(FaultRaised(fault=FAULT_DISK, detail=f"{lost} events were lost"))
        self._is_failing = is_failing

    def _write(self, batch: _Batch) -> None:
        """Runs in a thread: write and fdatasync release the GIL. MemoryError: what is synced is counted then, too."""
        for kind, rows in batch.rows.items():
            start = 0
            while start < len(rows):
                day = rows[start].day
                end = next((index for index in range(start, len(rows)) if rows[index].day != day), len(rows))
                data = b"".join(row.raw_line for row in rows[start:end])
                with batch.lock:
                    if batch.is_over:
                        return
                    try:
                        append_synced(self._folder / day / f"{kind.value}.jsonl", data)
                    except OSError:
                        break
                    batch.written[kind] = start = end

    async def run(self, is_stopping: Callable[[], bool]) -> None:
        """Flush every 100 ms until told to stop, then once more."""
        while not is_stopping():
            await asyncio.sleep(FLUSH_S)
            await self.flush()
        await self.flush()


def append_synced(path: Path, data: bytes) -> None:
    """Append whole lines or nothing, synced; several processes write to one file, so under its lock.

    A half line that a killed process left is ended first. OSError when the disk takes nothing, MemoryError.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            data = b"\n" + data
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view) :]
            os.fdatasync(descriptor)
            if not size:
                sync_folder(path.parent)
                sync_folder(path.parent.parent)
        except (OSError, MemoryError):
            os.ftruncate(descriptor, size)
            raise
    finally:
        os.close(descriptor)
