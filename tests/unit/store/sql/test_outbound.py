from skrytka.store.sql import outbound
from tests.support.store import StoreCase


async def test_an_empty_queue_has_nothing_to_leave(case: StoreCase) -> None:
    assert await case.store.read(outbound.next_due()) is None
    assert await case.store.read(outbound.due(outbound.LANE_USUAL, 10**15, 10)) == []
    assert await case.store.read(outbound.listed(10)) == []
