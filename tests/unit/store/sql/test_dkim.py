"""Questions about keys when there is nothing to say; the rest stands with the commands."""

from skrytka.store.sql import dkim
from tests.support.store import StoreCase


async def test_a_domain_without_keys_has_none(case: StoreCase) -> None:
    assert await case.store.read(dkim.keys_of("x.test")) == []
    await case.domain()
    assert await case.store.read(dkim.keys_of("example.test")) == []
    assert await case.store.read(dkim.keys()) == []
