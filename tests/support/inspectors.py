"""Pools of real inspectors for tests, with the hostile jobs."""

import asyncio
import contextlib
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator

from skrytka.inspect.client import Death, InspectorPool, PoolLimits
from skrytka.inspect.spawn import join, start_zygote
from skrytka.store.system import SystemClock
from tests.support import hostile_inspector

QUICK = PoolLimits(job_s=10.0, wait_s=15.0, tick_s=0.02)


class Watcher:
    """Notes what the pool tells."""

    def __init__(self) -> None:
        self.deaths: list[Death] = []
        self.exits: dict[int, int] = {}
        self.zygotes_lost = 0

    def inspector_died(self, death: Death) -> None:
        self.deaths.append(death)

    def inspector_exited(self, pid: int, status: int) -> None:
        self.exits[pid] = status

    def zygote_lost(self) -> None:
        self.zygotes_lost += 1


class Inspectors:
    """A pool and who watches it."""

    def __init__(self, pool: InspectorPool, watcher: Watcher) -> None:
        self.pool = pool
        self.watcher = watcher

    async def do(self, job: str, message: bytes = b"") -> bytes:
        """What the job answers."""
        return await self.pool.run(job, message, bytes)

    async def statuses(self, count: int) -> list[int]:
        """How the children ended, once so many have."""
        await until(lambda: len(self.watcher.exits) >= count)
        return list(self.watcher.exits.values())


@contextlib.contextmanager
def zygote(command: Callable[[int], list[str]] = hostile_inspector.command) -> Iterator[socket.socket]:
    """The owner's socket of one that has the hostile jobs; it ends with the block."""
    process, sock = start_zygote(command)
    with ended(process), sock:
        yield sock


@contextlib.contextmanager
def ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Whatever happens, the process is gone afterwards."""
    try:
        yield
    finally:
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


@contextlib.asynccontextmanager
async def inspectors(owner: socket.socket, size: int = 1, limits: PoolLimits = QUICK) -> AsyncIterator[Inspectors]:
    """A front's pool at this zygote, closed with all its children."""
    watcher = Watcher()
    pool = InspectorPool(size, SystemClock(), watcher, limits)
    try:
        pool.attach(join(owner))
        yield Inspectors(pool, watcher)
    finally:
        pool.close()


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Other processes take their time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        await asyncio.sleep(0.005)
