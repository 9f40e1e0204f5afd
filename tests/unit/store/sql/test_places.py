"""The questions of ``store.sql.places``; what writes is in tests/unit/store/commands/test_places.py."""

from skrytka.model.ids import AccountId
from skrytka.store.sql import places as sql
from tests.support.store import StoreCase


async def test_an_empty_store_knows_no_places_locks_and_links(case: StoreCase) -> None:
    assert await case.store.read(sql.of_address("ann@example.org")) == []
    assert await case.store.read(sql.watched_since_ms()) is None
    assert await case.store.read(sql.lock_of(AccountId(1))) is None
    assert not await case.store.read(sql.has_alert(AccountId(1), b"t", 0))
