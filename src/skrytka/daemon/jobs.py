"""What the first front does beside its sessions: the local queue, and what has had its time leaves the store."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, Protocol

from skrytka.mail.queue.courier import LocalCourier
from skrytka.model.clock import AgeClock, Clock, Random
from skrytka.model.errors import ReasonedError
from skrytka.model.events import Emitter, FaultRaised
from skrytka.model.ids import UnitId, new_unit
from skrytka.model.settings import Settings
from skrytka.net.bugs import bug_caught
from skrytka.store.api import Store
from skrytka.store.commands.copies import DropStaged
from skrytka.store.commands.jobs import CollectBlobs, ExpireJournal, ExpireVault, MendTimes
from skrytka.store.commands.oauth import ExpireOAuth

COURIER_S = 1.0  # another front may have queued something
HOUSEKEEPING_S = 3600.0
STEP_PAUSE_S = 0.05  # between two steps of a long job: sessions come first
DAY_MS = 86_400_000
YEAR_MS = 366 * DAY_MS
JUMP_MS = 60_000  # of the wall clock against the other one, from one look to the next


class Periodic(NamedTuple):
    """One more job, and the fault that tells of its failure."""

    fault: str
    run: Callable[[], Awaitable[None]]
    every_s: float


class Kept(Protocol):
    """What the jobs belong to (``administration.Administration``)."""

    @property
    def settings(self) -> Settings:
        """Those of now."""
        ...

    def periodic(self) -> Sequence[Periodic]:
        """Jobs of the parts; asked for once."""
        ...


class Jobs:
    """Runs until cancelled; what fails is told and tried again."""

    def __init__(
        self,
        store: Store,
        courier: LocalCourier,
        clock: Clock,
        age: AgeClock,
        random: Random,
        events: Emitter,
        now: Kept,
    ) -> None:
        self._store = store
        self._courier = courier
        self._clock = clock
        self._age = age
        self._offset_ms = self._clock_offset_ms()
        self._random = random
        self._events = events
        self._now = now

    async def run(self) -> None:
        """All jobs."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._forever("F-courier", self.deliver, COURIER_S))
            tasks.create_task(self._forever("F-housekeeping", self.clean, HOUSEKEEPING_S))
            for job in self._now.periodic():
                tasks.create_task(self._forever(job.fault, job.run, job.every_s))

    async def deliver(self) -> None:
        """Everything in the queue that is due; times that a wrong clock gave are mended first."""
        await self._watch_clock()
        due_ms = await self._courier.next_due_ms()
        if due_ms is not None and due_ms <= self._clock.now_ms():
            await self._until_done(self._courier.run_once)

    async def clean(self) -> None:
        """The vault, blobs, tokens, the journal; in small steps. No jump of the clock makes anything old."""
        await self.mend_times()
        settings, now_ms = self._now.settings.store, self._age.now_ms()
        vault_ms = now_ms - settings.vault_days * DAY_MS
        journal_ms = now_ms - settings.journal_days * DAY_MS
        latest_ms = self._sure_ms() + DAY_MS
        await self._until_done(lambda: self._store.submit(ExpireVault(unit=self._unit(), before_ms=vault_ms)))
        await self._until_done(lambda: self._store.submit(DropStaged(unit=self._unit(), before_ms=now_ms - DAY_MS)))
        await self._until_done(lambda: self._store.submit(CollectBlobs(unit=self._unit())))
        await self._until_done(lambda: self._store.submit(ExpireOAuth(unit=self._unit(), now_ms=now_ms)))
        await self._until_done(
            lambda: self._store.submit(ExpireJournal(unit=self._unit(), before_ms=journal_ms, latest_ms=latest_ms))
        )

    async def mend_times(self) -> None:
        """Nothing waits for a time that a wrong clock gave, and nothing ends by it."""
        settings, now_ms, sure_ms = self._now.settings, self._clock.now_ms(), self._sure_ms()
        mend = MendTimes(
            unit=self._unit(),
            now_ms=now_ms,
            due_latest_ms=now_ms + max(settings.outbound.retry_s) * 1000 + DAY_MS,
            sure_ms=sure_ms,
            latest_ms=sure_ms + DAY_MS,
            earliest_ms=self._age.now_ms() - settings.store.vault_days * DAY_MS - YEAR_MS,
        )
        await self._store.submit(mend)

    async def _watch_clock(self) -> None:
        before_ms, self._offset_ms = self._offset_ms, self._clock_offset_ms()
        jump_ms = self._offset_ms - before_ms
        if abs(jump_ms) >= JUMP_MS:
            way = "forward" if jump_ms > 0 else "back"
            self._events.emit(FaultRaised(fault="F-clock", detail=f"the clock went {way} by {abs(jump_ms) // 1000} s"))
            await self.mend_times()

    def _clock_offset_ms(self) -> int:
        return self._clock.now_ms() - int(self._clock.monotonic_s() * 1000)

    def _sure_ms(self) -> int:
        """No earlier than it is: the wall clock may have been set back."""
        return max(self._clock.now_ms(), self._age.known_ms)

    async def _until_done(self, step: Callable[[], Awaitable[int]]) -> None:
        while await step():  # noqa: ASYNC110 - it polls nothing: each step does some of the work
            await asyncio.sleep(STEP_PAUSE_S)

    async def _forever(self, name: str, job: Callable[[], Awaitable[None]], every_s: float) -> None:
        while True:
            try:
                await job()
            except ReasonedError as exc:
                self._events.emit(FaultRaised(fault=name, detail=str(exc)))
            except Exception as exc:  # noqa: BLE001 - the one place for a job's bugs (conventions C6)
                self._events.emit(bug_caught(exc))
            await asyncio.sleep(every_s)

    def _unit(self) -> UnitId:
        return new_unit(self._clock, self._random)
