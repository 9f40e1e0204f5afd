from skrytka.model.ids import AccountId
from skrytka.store.sql import access
from tests.support.store import StoreCase


async def test_where_nothing_is_nothing_is_found(case: StoreCase) -> None:
    nobody = AccountId(7)
    assert await case.store.read(access.grants(nobody)) == await case.store.read(access.all_grants()) == []
    assert await case.store.read(access.session(nobody, b"")) is None
    assert await case.store.read(access.api_key(nobody, b"")) is None
    assert await case.store.read(access.approval(b"")) is None
    assert await case.store.read(access.approvals()) == []
    assert await case.store.read(access.api_keys()) == []
