import asyncio

from skrytka.daemon.watchdog import LAG_S, QUIET_S, LoopWatch
from skrytka.model.clock import FixedClock
from tests.support.logs import CountingLog


def test_a_loop_that_was_held_is_told_once_a_minute() -> None:
    clock, log = FixedClock(), CountingLog()
    watch = LoopWatch(clock, log)
    watch.measured(LAG_S / 2)
    assert not log.events
    watch.measured(LAG_S)
    watch.measured(LAG_S * 3)
    assert log.counts["FaultRaised"] == 1
    clock.advance(QUIET_S)
    watch.measured(LAG_S)
    assert log.counts["FaultRaised"] == 2
    assert watch.worst_s == LAG_S * 3


async def test_it_measures_by_a_timer_until_it_is_cancelled() -> None:
    task = asyncio.ensure_future(LoopWatch(FixedClock(), CountingLog()).run())
    await asyncio.sleep(0)
    task.cancel()
    assert isinstance((await asyncio.gather(task, return_exceptions=True))[0], asyncio.CancelledError)
