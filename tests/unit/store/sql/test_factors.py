"""Questions about factors when there is nothing to say; the rest stands with the commands."""

from skrytka.model.ids import AccountId
from skrytka.store.factor_rows import CodeKind
from skrytka.store.sql import factors
from tests.support.store import StoreCase


async def test_an_account_begins_without_any_of_it(case: StoreCase) -> None:
    nobody = AccountId(1)
    assert await case.store.read(factors.password_history(nobody, 24)) == []
    assert await case.store.read(factors.factors(nobody)) == []
    assert not await case.store.read(factors.has_factor(nobody))
    assert await case.store.read(factors.codes_left(nobody, CodeKind.RECOVERY)) == 0
    assert await case.store.read(factors.rules()) == []
    assert await case.store.read(factors.rules_of("alice@example.test")) == []
    assert await case.store.read(factors.notices(10)) == []
