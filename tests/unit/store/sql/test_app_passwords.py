"""Questions when there is nothing to say; the rest stands with the commands."""

from skrytka.model.ids import AccountId
from skrytka.store.sql import app_passwords as sql
from tests.support.store import StoreCase


async def test_nobody_has_none(case: StoreCase) -> None:
    assert await case.store.read(sql.by_mac(AccountId(0), b"x" * 32)) is None
    assert await case.store.read(sql.after(AccountId(0), 0, 9)) == []
    assert await case.store.read(sql.certificate_owner(b"x" * 32)) is None
    assert await case.store.read(sql.certificates(AccountId(0))) == []
