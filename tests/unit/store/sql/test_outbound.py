import pytest

from skrytka.store.sql import outbound
from skrytka.store.sql.outbound import Share
from tests.support.store import StoreCase


async def test_an_empty_queue_has_nothing_to_leave(case: StoreCase) -> None:
    assert await case.store.read(outbound.next_due()) is None
    assert await case.store.read(outbound.due(outbound.LANE_USUAL, 10**15, 10)) == []
    assert await case.store.read(outbound.listed(10)) == []


@pytest.mark.parametrize("couriers", [1, 2, 3, 7, 256])
def test_every_message_is_in_one_share_and_shares_are_alike(couriers: int) -> None:
    owned = [(first[0], last[0]) for first, last in (Share(n, couriers).octets for n in range(couriers))]
    assert [octet for first, last in owned for octet in range(first, last + 1)] == list(range(256))
    sizes = {last - first for first, last in owned}
    assert max(sizes) - min(sizes) <= 1
