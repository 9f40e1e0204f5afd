import asyncio
from collections.abc import AsyncIterator

import pytest

from skrytka.daemon import channel
from skrytka.daemon.channel import Channel
from skrytka.daemon.messages import AnyMessage
from skrytka.daemon.shared_limits import LEASE, LEASED_FROM, UNSPENT_MAX, ChannelLimits, LimitKeeper
from skrytka.model.clock import FixedClock
from skrytka.model.errors import Reason, TransientError
from skrytka.net.limits import Cap

CAPS = (Cap("total", "", 2), Cap("address", "192.0.2.1", 1))


@pytest.fixture
def keeper() -> LimitKeeper:
    return LimitKeeper(FixedClock())


@pytest.fixture
async def front(keeper: LimitKeeper) -> AsyncIterator[ChannelLimits]:
    near, far = channel.pair()

    def received(message: AnyMessage, fds: list[int]) -> None:
        if (answer := keeper.answer("front-0", message)) is not None:  # type: ignore[arg-type]
            supervisor.send(answer)

    supervisor = Channel(far, received, lambda: None)
    yield ChannelLimits(Channel(near, lambda message, fds: None, lambda: None))
    supervisor.close()


async def test_the_supervisors_table_decides(front: ChannelLimits) -> None:
    answers = [await front.take("mail", "x", limit=2, window_s=60.0) for _ in range(3)]
    assert answers == [True, True, False]
    await front.refund("mail", "x")
    assert await front.take("mail", "x", limit=2, window_s=60.0)


async def test_what_is_counted_often_is_leased(front: ChannelLimits, keeper: LimitKeeper) -> None:
    asked = []
    keeper_answer = keeper.answer

    def answer(holder: str, message: object) -> object:
        asked.append(message)
        return keeper_answer(holder, message)  # type: ignore[arg-type]

    keeper.answer = answer  # type: ignore[method-assign,assignment]
    answers = [await front.spend("mail", "x", limit=12, window_s=60.0, lease=5) for _ in range(14)]
    assert answers == [True] * 12 + [False] * 2
    assert len(asked) == 2 + 2 * 4  # near the limit one by one, each after a lease that is too much
    assert await front.spend("mail", "y", limit=12, window_s=60.0, lease=1)


async def test_leases_of_too_many_keys_are_forgotten(front: ChannelLimits) -> None:
    for number in range(UNSPENT_MAX + 5):
        front._keep(("mail", str(number)), 3)
    assert len(front._unspent) == UNSPENT_MAX
    assert ("mail", "0") not in front._unspent


async def test_a_full_cap_is_named_and_nothing_is_taken(front: ChannelLimits, keeper: LimitKeeper) -> None:
    assert await front.acquire(CAPS) is None
    assert await front.acquire(CAPS) == CAPS[1]
    assert keeper.table.in_use("total", "") == 1
    await front.release(CAPS)
    assert await front.acquire(CAPS) is None


async def test_what_a_dead_front_held_is_free(front: ChannelLimits, keeper: LimitKeeper) -> None:
    await front.acquire(CAPS)
    keeper.forget("front-0")
    assert keeper.table.in_use("total", "") == 0


async def test_without_a_supervisor_the_answer_is_that_we_shut_down(front: ChannelLimits) -> None:
    front._channel.close()
    with pytest.raises(TransientError) as caught:
        await front.take("mail", "x", limit=2, window_s=60.0)
    assert caught.value.reason is Reason.SHUTTING_DOWN
    await front.release(CAPS)
    await asyncio.sleep(0)


async def test_a_large_cap_is_asked_for_once_for_many_connections(front: ChannelLimits, keeper: LimitKeeper) -> None:
    total = Cap("total", "", 20_000)
    for _ in range(LEASE):
        assert await front.acquire((total,)) is None
    assert keeper.table.in_use("total", "") == LEASE
    assert await front.acquire((total,)) is None
    assert keeper.table.in_use("total", "") == 2 * LEASE


async def test_what_of_a_large_cap_nobody_uses_goes_back(front: ChannelLimits, keeper: LimitKeeper) -> None:
    total = Cap("total", "", 20_000)
    for _ in range(10 * LEASE):
        await front.acquire((total,))
    for _ in range(10 * LEASE):
        await front.release((total,))
    await front.take("any", "", limit=1, window_s=1.0)  # answered after the releases
    assert keeper.table.in_use("total", "") == 2 * LEASE


async def test_a_large_cap_is_never_passed_and_the_last_of_it_is_given(front: ChannelLimits) -> None:
    total = Cap("total", "", LEASED_FROM)
    answers = [await front.acquire((total,)) for _ in range(LEASED_FROM + 1)]
    assert answers == [*[None] * LEASED_FROM, total]


async def test_a_full_large_cap_gives_the_small_ones_back(front: ChannelLimits, keeper: LimitKeeper) -> None:
    total, address = Cap("total", "", LEASED_FROM), Cap("address", "192.0.2.1", 5)
    keeper.table.acquire((Cap("total", "", LEASED_FROM, count=LEASED_FROM),), "front-1")
    assert await front.acquire((address, total)) == total
    await front.take("any", "", limit=1, window_s=1.0)
    assert keeper.table.in_use("address", "192.0.2.1") == 0
