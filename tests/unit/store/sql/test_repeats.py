from skrytka.model.ids import AccountId
from skrytka.store.sql import repeats as sql
from tests.support.store import StoreCase


async def test_where_nothing_is_nothing_is_found(case: StoreCase) -> None:
    assert await case.store.read(sql.repeated(AccountId(7), b"r" * 16)) is None
