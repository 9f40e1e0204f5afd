import asyncio

import pytest

from skrytka.model.clock import FixedClock
from skrytka.net.limits import Cap, LimitTable, LocalLimits


def taken(table: LimitTable, times: int, limit: int = 10) -> int:
    return sum(table.take("rule", "key", limit=limit, window_s=60.0) for _ in range(times))


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(monotonic_s=6000.0)


def test_a_window_lets_through_its_limit(clock: FixedClock) -> None:
    assert taken(LimitTable(clock), 25) == 10


@pytest.mark.parametrize(
    ("passed_s", "free"), [(0, 0), (59, 0), (60, 0), (67, 1), (93, 5), (117, 9), (120, 10), (600, 10)]
)
def test_a_window_slides_and_does_not_open_at_once(clock: FixedClock, passed_s: float, free: int) -> None:
    table = LimitTable(clock)
    taken(table, 10)
    clock.advance(passed_s)
    assert taken(table, 25) == free


def test_keys_and_rules_are_counted_apart(clock: FixedClock) -> None:
    table = LimitTable(clock)
    taken(table, 10)
    assert table.take("rule", "other", limit=10, window_s=60.0)
    assert table.take("other", "key", limit=10, window_s=60.0)


def test_a_cost_that_does_not_fit_is_refused_whole(clock: FixedClock) -> None:
    table = LimitTable(clock)
    assert table.take("rule", "key", cost=7, limit=10, window_s=60.0)
    assert not table.take("rule", "key", cost=4, limit=10, window_s=60.0)
    assert table.take("rule", "key", cost=3, limit=10, window_s=60.0)


def test_a_refund_makes_room_again_and_never_more_than_there_was(clock: FixedClock) -> None:
    table = LimitTable(clock)
    taken(table, 10)
    table.refund("rule", "key", cost=3)
    assert taken(table, 10) == 3
    table.refund("rule", "key", cost=99)
    assert taken(table, 25) == 10
    table.refund("rule", "unknown")


def test_limit_nought_lifts_the_bound(clock: FixedClock) -> None:
    table = LimitTable(clock)
    assert taken(table, 50, limit=0) == 50
    caps = (Cap("rule", "key", 0),)
    assert [table.acquire(caps) for _ in range(50)] == [None] * 50


def test_memory_is_bounded_and_the_longest_unused_key_goes_first(clock: FixedClock) -> None:
    table = LimitTable(clock, windows_max=100)
    taken(table, 10)
    for number in range(99):
        table.take("rule", f"key {number}", limit=10, window_s=60.0)
    assert taken(table, 1) == 0  # used just now, so it stays
    for number in range(99):
        table.take("rule", f"other {number}", limit=10, window_s=60.0)
    assert taken(table, 1) == 0
    assert len(table) == 100
    for number in range(100):
        table.take("rule", f"third {number}", limit=10, window_s=60.0)
    assert taken(table, 1) == 1


def test_caps_are_taken_all_or_none(clock: FixedClock) -> None:
    table = LimitTable(clock)
    address, total = Cap("address", "192.0.2.1", 2), Cap("total", "", 3)
    other = Cap("address", "192.0.2.2", 2)
    assert table.acquire((address, total)) is None
    assert table.acquire((address, total)) is None
    assert table.acquire((address, total)) == address
    assert table.acquire((other, total)) is None
    assert table.acquire((other, total)) == total
    assert table.in_use("address", "192.0.2.2") == 1
    table.release((address, total))
    assert table.acquire((other, total)) is None


def test_windows_go_on_in_another_table(clock: FixedClock) -> None:
    table = LimitTable(clock)
    for key in ("old", "a", "b"):
        assert table.take("rule", key, cost=3, limit=4, window_s=60.0)
    clock.advance(90)
    assert table.take("rule", "b", limit=4, window_s=60.0)
    other = LimitTable(clock)
    for kept in table.kept(2):
        other.restore(kept)
    assert len(other) == 2  # of those that were used last
    for both in (table, other):
        assert both.take("rule", "b", limit=4, window_s=60.0)
        assert not both.take("rule", "b", cost=2, limit=4, window_s=60.0)
    clock.advance(45)
    assert [kept.key for kept in table.kept(9)] == ["b"]  # the others count no more
    changes = table.changes
    assert not table.take("rule", "b", cost=9, limit=4, window_s=60.0)
    assert table.changes == changes
    table.refund("rule", "b")
    assert table.changes == changes + 1


def test_releasing_what_is_not_held_frees_nothing(clock: FixedClock) -> None:
    table = LimitTable(clock)
    cap = Cap("total", "", 1)
    table.acquire((cap,), "front-1")
    table.release((cap,), "front-2")
    assert table.acquire((cap,), "front-2") == cap
    table.release((cap,), "front-1")
    table.release((cap,), "front-1")
    assert table.acquire((cap,), "front-2") is None


def test_a_process_that_ended_gives_back_all_that_it_held(clock: FixedClock) -> None:
    table = LimitTable(clock)
    cap = Cap("total", "", 3)
    for holder in ("front-1", "front-1", "front-2"):
        assert table.acquire((cap,), holder) is None
    table.release_holder("front-1")
    table.release_holder("front-1")
    assert table.in_use("total", "") == 1
    table.release_holder("front-2")
    assert len(table) == 0


def test_local_limits_are_the_table_behind_the_shared_interface(clock: FixedClock) -> None:
    async def main() -> None:
        limits = LocalLimits(LimitTable(clock))
        assert await limits.take("rule", "key", limit=1, window_s=60.0)
        assert not await limits.take("rule", "key", limit=1, window_s=60.0)
        await limits.refund("rule", "key")
        assert await limits.take("rule", "key", limit=1, window_s=60.0)
        caps = (Cap("total", "", 1),)
        assert await limits.acquire(caps) is None
        assert await limits.acquire(caps) == caps[0]
        await limits.release(caps)
        assert await limits.acquire(caps) is None

    asyncio.run(main())
