import pytest

from skrytka.mail.admin.sync_timer import JITTER, SyncTimer
from skrytka.model.clock import FixedClock
from skrytka.model.errors import Reason, TransientError

EVERY_S = 1000


class Chance:
    """From 0 to 255, of 256."""

    def __init__(self, value: int) -> None:
        self.value = value

    def token(self, length: int) -> bytes:
        return bytes([self.value] * length)


@pytest.mark.parametrize(("chance", "first_s", "then_s"), [(0, 0, 900), (128, 502, 1000), (255, 999, 1099)])
async def test_it_is_time_after_about_as_long(chance: int, first_s: int, then_s: int) -> None:
    clock, done = FixedClock(), []

    async def sync() -> None:
        done.append(clock.monotonic_s())

    timer = SyncTimer(sync, EVERY_S, clock, Chance(chance))
    began_s = clock.monotonic_s()
    for _ in range(2500):
        await timer.run()
        clock.advance(1)
    assert done[0] - began_s == pytest.approx(first_s, abs=2)
    assert done[1] - done[0] == pytest.approx(then_s, abs=2)
    assert JITTER < 1


async def test_what_fails_is_tried_again_when_it_is_time_again() -> None:
    clock, tries = FixedClock(), []

    async def sync() -> None:
        tries.append(clock.monotonic_s())
        raise TransientError(Reason.UNREACHABLE)

    timer = SyncTimer(sync, EVERY_S, clock, Chance(0))
    with pytest.raises(TransientError):
        await timer.run()
    await timer.run()
    assert len(tries) == 1
    clock.advance(EVERY_S)
    with pytest.raises(TransientError):
        await timer.run()
