"""Questions about the directory when there is nothing to say; the rest stands with the commands."""

from skrytka.model.ids import AccountId
from skrytka.store.sql import directory
from tests.support.store import StoreCase


async def test_what_is_not_there_is_none_or_empty(case: StoreCase) -> None:
    read = case.store.read
    assert await read(directory.domain_by_name("x.test")) is None
    assert await read(directory.account_by_id(AccountId(1))) is None
    assert await read(directory.account_by_address("a@x.test")) is None
    assert await read(directory.address("a@x.test")) is None
    assert await read(directory.accounts()) == []
    assert await read(directory.aliases()) == []
    assert await read(directory.credentials(AccountId(1))) == []


async def test_accounts_come_by_address_with_their_counters(case: StoreCase) -> None:
    await case.domain()
    await case.account("bob", quota_bytes=7)
    await case.account("alice")
    rows = await case.store.read(directory.accounts())
    assert [(row.address, row.quota_bytes, row.messages, row.state) for row in rows] == [
        ("alice@example.test", 0, 0, 1),
        ("bob@example.test", 7, 0, 1),
    ]
