"""Questions when there is nothing to say; the rest stands with the commands."""

from skrytka.model.ids import AccountId
from skrytka.store.sql import identities as sql
from tests.support.store import StoreCase


async def test_nobody_has_none(case: StoreCase) -> None:
    assert await case.store.read(sql.owner(b"x" * 16)) is None
    assert await case.store.read(sql.of(AccountId(0))) == []
