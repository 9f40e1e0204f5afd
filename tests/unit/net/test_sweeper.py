import asyncio

import pytest

from skrytka.model.clock import FixedClock
from skrytka.net.sweeper import Sweeper, TimeLimit
from tests.unit.net.harness import Run


class Entry:
    def __init__(self, due_at: float) -> None:
        self.due_at = due_at
        self.expired_at: list[float] = []

    def expire(self, now_s: float) -> None:
        self.expired_at.append(now_s)


def test_only_what_is_late_expires_and_again_until_it_is_moved(run: Run) -> None:
    async def main() -> None:
        clock = FixedClock(monotonic_s=100.0)
        sweeper = Sweeper(clock)
        early, late = Entry(110.0), Entry(200.0)
        sweeper.add(early)
        sweeper.add(late)
        sweeper.sweep()
        assert early.expired_at == []
        clock.advance(10.0)
        sweeper.sweep()
        sweeper.sweep()
        assert early.expired_at == [110.0, 110.0]
        early.due_at = 300.0
        sweeper.sweep()
        assert early.expired_at == [110.0, 110.0]
        assert late.expired_at == []

    run(main())


def test_an_entry_may_leave_while_the_sweeper_looks(run: Run) -> None:
    async def main() -> None:
        sweeper = Sweeper(FixedClock(monotonic_s=100.0))

        class Leaver(Entry):
            def expire(self, now_s: float) -> None:
                super().expire(now_s)
                sweeper.discard(self)

        leavers = [Leaver(50.0) for _ in range(5)]
        for leaver in leavers:
            sweeper.add(leaver)
        sweeper.sweep()
        assert [leaver.expired_at for leaver in leavers] == [[100.0]] * 5
        assert len(sweeper) == 0

    run(main())


def test_the_timer_runs_while_there_is_something_to_watch(run: Run) -> None:
    async def main() -> None:
        sweeper = Sweeper(FixedClock())
        entry = Entry(0.0)
        seen = [sweeper._timer is not None]
        sweeper.add(entry)
        seen.append(sweeper._timer is not None)
        sweeper._tick()
        assert entry.expired_at
        sweeper.discard(entry)
        seen.append(sweeper._timer is not None)
        assert seen == [False, True, False]

    run(main())


def test_work_past_its_limit_ends_with_a_timeout(run: Run) -> None:
    async def main() -> None:
        clock = FixedClock(monotonic_s=100.0)
        sweeper = Sweeper(clock)

        async def work() -> None:
            with TimeLimit(sweeper, 60.0):
                await asyncio.Event().wait()

        task = asyncio.ensure_future(work())
        await asyncio.sleep(0)
        clock.advance(59.0)
        sweeper.sweep()
        await asyncio.sleep(0)
        assert not task.done()
        clock.advance(1.0)
        sweeper.sweep()
        with pytest.raises(TimeoutError):
            await task
        assert len(sweeper) == 0

    run(main())


def test_a_cancelled_task_is_cancelled_even_when_its_limit_is_over_too(run: Run) -> None:
    async def main() -> None:
        clock = FixedClock(monotonic_s=100.0)
        sweeper = Sweeper(clock)

        async def work() -> None:
            with TimeLimit(sweeper, 60.0):
                await asyncio.Event().wait()

        task = asyncio.ensure_future(work())
        await asyncio.sleep(0)
        task.cancel()
        clock.advance(60.0)
        sweeper.sweep()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(main())


def test_work_within_its_limit_leaves_nothing_behind(run: Run) -> None:
    async def main() -> None:
        sweeper = Sweeper(FixedClock(monotonic_s=100.0))
        with TimeLimit(sweeper, 60.0):
            assert len(sweeper) == 1
        assert len(sweeper) == 0

    run(main())
