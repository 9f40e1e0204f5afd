"""What the first front does beside its sessions: the local queue, and what has had its time leaves the store."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from skrytka.mail.queue.courier import LocalCourier
from skrytka.model.clock import Clock, Random
from skrytka.model.errors import ReasonedError
from skrytka.model.events import Emitter, FaultRaised
from skrytka.model.ids import UnitId, new_id
from skrytka.model.settings import Settings
from skrytka.net.bugs import bug_caught
from skrytka.store.api import Store
from skrytka.store.commands.copies import DropStaged
from skrytka.store.commands.jobs import CollectBlobs, ExpireJournal, ExpireVault

COURIER_S = 1.0  # another front may have queued something
HOUSEKEEPING_S = 3600.0
STEP_PAUSE_S = 0.05  # between two steps of a long job: sessions come first
DAY_MS = 86_400_000


class HasSettings(Protocol):
    """Where the settings of now are."""

    @property
    def settings(self) -> Settings: ...


class Jobs:
    """Runs until cancelled; what fails is told and tried again."""

    def __init__(
        self, store: Store, courier: LocalCourier, clock: Clock, random: Random, events: Emitter, now: HasSettings
    ) -> None:
        self._store = store
        self._courier = courier
        self._clock = clock
        self._random = random
        self._events = events
        self._now = now

    async def run(self) -> None:
        """Both jobs."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._forever("F-courier", self.deliver, COURIER_S))
            tasks.create_task(self._forever("F-housekeeping", self.clean, HOUSEKEEPING_S))

    async def deliver(self) -> None:
        """Everything in the queue that is due."""
        due_ms = await self._courier.next_due_ms()
        if due_ms is not None and due_ms <= self._clock.now_ms():
            await self._until_done(self._courier.run_once)

    async def clean(self) -> None:
        """The vault, blobs nobody needs, the journal; in small steps."""
        settings, now_ms = self._now.settings.store, self._clock.now_ms()
        vault_ms = now_ms - settings.vault_days * DAY_MS
        journal_ms = now_ms - settings.journal_days * DAY_MS
        await self._until_done(lambda: self._store.submit(ExpireVault(unit=self._unit(), before_ms=vault_ms)))
        await self._until_done(lambda: self._store.submit(DropStaged(unit=self._unit(), before_ms=now_ms - DAY_MS)))
        await self._until_done(lambda: self._store.submit(CollectBlobs(unit=self._unit())))
        await self._until_done(lambda: self._store.submit(ExpireJournal(unit=self._unit(), before_ms=journal_ms)))

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
        return UnitId(new_id(self._clock, self._random))
