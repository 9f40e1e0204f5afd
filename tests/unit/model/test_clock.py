"""model/clock.py."""

from skrytka.model.clock import AgeClock, FixedClock

DAY_S = 86_400
DAY_MS = DAY_S * 1000


def test_a_fixed_clock_moves_only_by_hand() -> None:
    clock = FixedClock(now_ms=1000, monotonic_s=5.0)
    clock.advance(1.5)
    assert (clock.now_ms(), clock.monotonic_s()) == (2500, 6.5)
    clock.jump(-1.0)
    assert (clock.now_ms(), clock.monotonic_s()) == (1500, 6.5)


def test_ages_follow_a_clock_that_is_right() -> None:
    clock = FixedClock()
    age = AgeClock(clock, None)
    for _ in range(3):
        clock.advance(100 * DAY_S)
        assert age.now_ms() == clock.now_ms()
    assert age.monotonic_s() == clock.monotonic_s()


def test_a_clock_that_jumps_forward_makes_nothing_old_and_is_forgotten_when_it_comes_back() -> None:
    clock = FixedClock()
    age, began_ms = AgeClock(clock, None), clock.now_ms()
    clock.jump(3650 * DAY_S)
    assert age.now_ms() == began_ms
    clock.advance(DAY_S)
    assert age.now_ms() == began_ms + 2 * DAY_MS
    clock.jump(-3650 * DAY_S)
    assert age.now_ms() == clock.now_ms() == began_ms + DAY_MS
    clock.advance(5 * DAY_S)
    assert age.now_ms() == clock.now_ms()


def test_a_clock_that_was_at_1970_for_a_while_costs_no_more_than_that_while() -> None:
    clock = FixedClock()
    age = AgeClock(clock, None)
    back_s = clock.now_ms() / 1000
    clock.jump(-back_s)
    clock.advance(DAY_S)
    assert age.now_ms() == clock.now_ms() == DAY_MS
    clock.jump(back_s)
    assert age.now_ms() == clock.now_ms() - DAY_MS
    clock.advance(DAY_S)
    assert age.now_ms() == clock.now_ms()


def test_after_a_time_switched_off_age_catches_up_at_double_speed() -> None:
    clock = FixedClock()
    age = AgeClock(clock, clock.now_ms() - 10 * DAY_MS)
    clock.advance(4 * DAY_S)
    assert age.now_ms() == clock.now_ms() - 6 * DAY_MS
    clock.advance(6 * DAY_S)
    assert age.now_ms() == clock.now_ms()


def test_many_looks_lose_no_time() -> None:
    clock = FixedClock()
    age = AgeClock(clock, clock.now_ms() - 1000 * DAY_MS)
    began_ms = age.now_ms()
    for _ in range(10_000):
        clock.advance(0.0101)
        age.now_ms()
    assert age.now_ms() - began_ms >= 2 * 100_990
