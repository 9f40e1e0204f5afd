"""Who somebody is at a provider of another house, on both engines."""

import pytest

from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId
from skrytka.store.commands import LinkIdentity, LockAccount, RemoveAccount, UnlinkIdentity
from skrytka.store.sql import factors
from skrytka.store.sql import identities as sql
from tests.support.store import StoreCase


def link(
    case: StoreCase, account: AccountId, provider: bytes, identity: bytes, *, is_told: bool = False
) -> LinkIdentity:
    return LinkIdentity(
        unit=case.ids.unit(),
        account=account,
        provider=provider,
        identity=identity,
        record=b"sealed " + identity,
        is_told=is_told,
    )


async def test_an_identity_is_of_one_account_and_an_account_has_one_of_each_provider(case: StoreCase) -> None:
    alice, bob = await case.two_accounts()
    await case.store.submit(link(case, alice, b"p", b"i"))
    assert await case.store.read(sql.owner(b"i")) == alice
    assert await case.store.read(sql.owner(b"p")) is None
    for account, provider, identity in ((bob, b"p", b"i"), (bob, b"q", b"i"), (alice, b"p", b"j")):
        with pytest.raises(PermanentError) as caught:
            await case.store.submit(link(case, account, provider, identity))
        assert caught.value.reason is Reason.ALREADY_EXISTS
    await case.store.submit(link(case, alice, b"q", b"j"))
    rows = await case.store.read(sql.of(alice))
    assert [(row.provider, row.record) for row in rows] == [(b"p", b"sealed i"), (b"q", b"sealed j")]
    assert await case.store.read(sql.of(bob)) == []


async def test_it_ends_alone_and_with_the_account(case: StoreCase) -> None:
    alice, bob = await case.two_accounts()
    for account, identity in ((alice, b"i"), (bob, b"j")):
        await case.store.submit(link(case, account, b"p", identity, is_told=True))
    await case.store.submit(UnlinkIdentity(unit=case.ids.unit(), account=alice, provider=b"p"))
    assert await case.store.read(sql.owner(b"i")) is None
    with pytest.raises(PermanentError) as caught:
        await case.store.submit(UnlinkIdentity(unit=case.ids.unit(), account=alice, provider=b"p"))
    assert caught.value.reason is Reason.NO_SUCH_OBJECT
    told = await case.store.read(factors.notices(10))
    assert sorted(row.what.value for row in told) == ["provider.linked", "provider.linked", "provider.unlinked"]
    await case.store.submit(RemoveAccount(unit=case.ids.unit(), account=bob))
    assert await case.store.read(sql.owner(b"j")) is None
    with pytest.raises(PermanentError):
        await case.store.submit(link(case, bob, b"p", b"j"))


async def test_whoever_was_in_by_it_is_not_let_in_again(case: StoreCase) -> None:
    """The account is locked; when its owner has a new password, the one of there would open it as before."""
    alice, _bob = await case.two_accounts()
    await case.store.submit(link(case, alice, b"p", b"i"))
    await case.store.submit(LockAccount(unit=case.ids.unit(), account=alice, reason="owner", closed=b"!"))
    assert await case.store.read(sql.owner(b"i")) is None
