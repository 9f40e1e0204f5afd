"""model/clock.py."""

from skrytka.model.clock import FixedClock


def test_a_fixed_clock_moves_only_by_hand() -> None:
    clock = FixedClock(now_ms=1000, monotonic_s=5.0)
    clock.advance(1.5)
    assert (clock.now_ms(), clock.monotonic_s()) == (2500, 6.5)
