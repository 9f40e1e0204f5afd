"""Questions when there is nothing to say; the rest stands with the commands."""

from skrytka.model.ids import AccountId
from skrytka.store.sql import controls as sql
from tests.support.store import StoreCase


async def test_without_control_and_delegation_nothing_is_found(case: StoreCase) -> None:
    alice, bob = await case.two_accounts()
    assert await case.store.read(sql.control(alice)) is None
    assert await case.store.read(sql.delegated(alice, bob)) == frozenset()
    assert await case.store.read(sql.delegations(AccountId(0))) == []
