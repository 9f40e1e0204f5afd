"""Questions about the queue when it is empty; the rest stands with the commands."""

from skrytka.store.sql import queue
from tests.support.store import StoreCase


async def test_an_empty_queue_has_nothing_due(case: StoreCase) -> None:
    assert await case.store.read(queue.due(now_ms=2**62, limit=5)) == []
    assert await case.store.read(queue.next_due()) is None
