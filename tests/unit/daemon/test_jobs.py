import asyncio
from typing import Any, cast

import pytest

from skrytka.daemon import jobs
from skrytka.daemon.jobs import DAY_MS, Jobs, Periodic
from skrytka.mail.queue.courier import LocalCourier
from skrytka.model.clock import AgeClock, FixedClock
from skrytka.model.errors import Reason, TransientError
from skrytka.model.events import FaultRaised
from skrytka.model.settings import Settings
from skrytka.model.settings import Store as StoreSettings
from skrytka.store.api import Store
from skrytka.store.commands.copies import DropStaged
from skrytka.store.commands.jobs import CollectBlobs, ExpireJournal, ExpireVault, MendTimes
from skrytka.store.commands.oauth import ExpireOAuth
from skrytka.store.system import SystemRandom
from tests.support.logs import CountingLog


class FakeStore:
    """Answers each kind of command with what is left for it."""

    def __init__(self) -> None:
        self.left: dict[object, int] = {MendTimes: 0, ExpireVault: 2, DropStaged: 0, CollectBlobs: 1, ExpireJournal: 0}
        self.left[ExpireOAuth] = 0
        self.commands: list[Any] = []
        self.error: Exception | None = None

    async def submit(self, command: Any) -> int:
        if self.error is not None:
            raise self.error
        self.commands.append(command)
        self.left[type(command)] -= 1
        return max(0, self.left[type(command)] + 1)


class FakeCourier:
    """Has so many messages, due at some time."""

    def __init__(self) -> None:
        self.due_ms: int | None = None
        self.waiting = 0
        self.runs = 0

    async def next_due_ms(self) -> int | None:
        return self.due_ms

    async def run_once(self) -> int:
        self.runs += 1
        self.waiting -= 1
        return max(0, self.waiting + 1)


class Now:
    settings = Settings(version=1, hostname="a.b", store=StoreSettings(vault_days=14, journal_days=35))

    def __init__(self) -> None:
        self.tended = 0
        self.is_failing = False

        self.is_enough = asyncio.Event()

    async def tend(self) -> None:
        self.tended += 1
        if self.tended == 1 and self.is_failing:
            raise TransientError(Reason.STORE_DOWN)
        self.is_enough.set()

    def periodic(self) -> tuple[Periodic, ...]:
        return (Periodic("F-dkim-keys", self.tend, 0.001),)


class World:
    def __init__(self) -> None:
        self.store, self.courier, self.clock, self.log = FakeStore(), FakeCourier(), FixedClock(), CountingLog()
        store, courier = cast("Store", self.store), cast("LocalCourier", self.courier)
        age = AgeClock(self.clock, None)
        self.now = Now()
        self.jobs = Jobs(store, courier, self.clock, age, SystemRandom(), self.log, self.now)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(jobs, "STEP_PAUSE_S", 0.0)
    return World()


@pytest.mark.parametrize(("due_in_ms", "runs"), [(None, 0), (1, 0), (0, 3), (-1, 3)])
async def test_the_queue_is_worked_off_when_something_is_due(world: World, due_in_ms: int | None, runs: int) -> None:
    world.courier.due_ms = None if due_in_ms is None else world.clock.now_ms() + due_in_ms
    world.courier.waiting = 2
    await world.jobs.deliver()
    assert world.courier.runs == runs


async def test_what_has_had_its_time_leaves_step_by_step(world: World) -> None:
    await world.jobs.clean()
    kinds = [type(command).__name__ for command in world.store.commands]
    expected = ["MendTimes"] + ["ExpireVault"] * 3 + ["DropStaged"] + ["CollectBlobs"] * 2
    assert kinds == [*expected, "ExpireOAuth", "ExpireJournal"]
    now_ms = world.clock.now_ms()
    assert world.store.commands[1].before_ms == now_ms - 14 * DAY_MS
    assert world.store.commands[-1].before_ms == now_ms - 35 * DAY_MS
    assert len({command.unit for command in world.store.commands}) == len(kinds)


async def test_a_clock_that_jumps_is_told_mended_and_makes_nothing_old(world: World) -> None:
    began_ms = world.clock.now_ms()
    world.clock.advance(3600)
    await world.jobs.deliver()
    assert not world.store.commands
    assert not world.log.counts
    world.clock.jump(3650 * DAY_MS / 1000)
    await world.jobs.deliver()
    (mend,) = world.store.commands
    assert world.log.counts == {"FaultRaised": 1}
    assert mend.now_ms == mend.sure_ms == world.clock.now_ms()
    await world.jobs.clean()
    vault = next(command for command in world.store.commands if isinstance(command, ExpireVault))
    assert vault.before_ms <= began_ms + 2 * 3_600_000 - 14 * DAY_MS
    world.clock.jump(-3650 * DAY_MS / 1000)
    await world.jobs.deliver()
    assert world.log.counts == {"FaultRaised": 2}


async def test_a_clock_at_1970_moves_no_time_that_is_right(world: World) -> None:
    began_ms = world.clock.now_ms()
    world.clock.jump(-began_ms / 1000)
    await world.jobs.mend_times()
    (mend,) = world.store.commands
    assert (mend.now_ms, mend.sure_ms) == (0, began_ms)
    assert mend.earliest_ms < 0


@pytest.mark.parametrize(
    ("error", "event"), [(TransientError(Reason.STORE_DOWN), "FaultRaised"), (RuntimeError(), "BugCaught")]
)
async def test_a_job_that_fails_is_told_and_the_other_goes_on(
    world: World, error: Exception, event: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "COURIER_S", 0.0)
    world.store.error = error
    world.courier.due_ms, world.courier.waiting = 0, 3
    task = asyncio.ensure_future(world.jobs.run())
    async with asyncio.timeout(5):
        while world.courier.runs < 4:  # noqa: ASYNC110 - the job under test turns the loop
            await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert world.log.counts[event] == 1


async def test_jobs_of_the_parts_run_too_and_go_on_after_a_failure(world: World) -> None:
    world.now.is_failing = True
    running = asyncio.ensure_future(world.jobs.run())
    async with asyncio.timeout(30):
        await world.now.is_enough.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    (fault,) = (event for event in world.log.events if isinstance(event, FaultRaised) and "dkim" in event.fault)
    assert fault.detail.startswith("store_down")
