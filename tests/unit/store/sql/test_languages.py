"""The questions of ``store.sql.languages``; what writes is in tests/unit/store/commands/test_languages.py."""

from skrytka.model.ids import AccountId
from skrytka.store.sql import languages as sql
from tests.support.store import StoreCase


async def test_an_empty_store_knows_no_language(case: StoreCase) -> None:
    assert await case.store.read(sql.own(AccountId(1))) == ""
    assert await case.store.read(sql.of_account(AccountId(1))) == ""
    assert await case.store.read(sql.of_domain("example.test")) == ""
    assert await case.store.read(sql.accounts()) == {}
    assert await case.store.read(sql.domains()) == {}
