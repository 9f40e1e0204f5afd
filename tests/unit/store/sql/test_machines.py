from skrytka.model.ids import AccountId
from skrytka.store.sql import machines as sql
from tests.support.store import StoreCase


async def test_where_nothing_is_nothing_is_found(case: StoreCase) -> None:
    assert await case.store.read(sql.machine(AccountId(7), b"m" * 16)) is None
    assert await case.store.read(sql.machines()) == []
    assert await case.store.read(sql.invited_until()) == (0, 0)
