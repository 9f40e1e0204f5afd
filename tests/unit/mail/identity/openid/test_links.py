import pytest

from skrytka.mail.identity.access_deps import AccessDeps
from skrytka.mail.identity.openid.links import Links
from skrytka.mail.identity.types import Login, Means
from skrytka.model.address import Address
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId
from skrytka.store.sql import identities as sql
from tests.unit.mail.world import World

ISSUER, OTHER = "https://provider.test", "https://other.test"


def links(world: World, *issuers: str) -> Links:
    deps = AccessDeps(store=world.store, keys=world.keys, clock=world.clock, random=world.random)
    return Links(deps, issuers or (ISSUER, OTHER))


async def account(world: World, name: str) -> AccountId:
    return AccountId((await world.admin.accounts.show(f"{name}@example.test")).account)


async def login(world: World, name: str, issuer: str, subject: str) -> Login:
    proof = await links(world).proof(issuer, subject)
    return Login(await account(world, name), Address.parse(f"{name}@example.test"), proof, Means.PROVIDER)


async def test_a_subject_of_an_issuer_opens_one_account(world: World) -> None:
    alice, bob, found = await account(world, "alice"), await account(world, "bob"), links(world)
    await found.add(alice, ISSUER, "s", is_told=False)
    assert await found.owner(ISSUER, "s") == alice
    assert await found.owner(OTHER, "s") is None
    assert await found.owner(ISSUER, "S") is None
    for who, issuer, subject in ((bob, ISSUER, "s"), (alice, ISSUER, "another"), (alice, ISSUER, "s")):
        with pytest.raises(PermanentError) as caught:
            await found.add(who, issuer, subject, is_told=False)
        assert caught.value.reason is Reason.ALREADY_EXISTS
    await found.add(alice, OTHER, "s", is_told=True)
    told = await found.of(alice, "alice@example.test")
    assert {(link.issuer, link.subject) for link in told} == {(ISSUER, "s"), (OTHER, "s")}


async def test_a_session_ends_with_its_link_and_with_its_provider(world: World) -> None:
    alice, found = await account(world, "alice"), links(world)
    await found.add(alice, ISSUER, "s", is_told=False)
    opened = await login(world, "alice", ISSUER, "s")
    assert await found.is_still(opened)
    assert not await found.is_still(await login(world, "alice", ISSUER, "another"))
    assert not await found.is_still(await login(world, "bob", ISSUER, "s"))
    assert not await links(world, OTHER).is_still(opened)
    await found.remove(alice, ISSUER)
    assert not await found.is_still(opened)
    with pytest.raises(PermanentError):
        await found.remove(alice, ISSUER)


async def test_it_goes_with_the_account_and_nothing_of_it_can_be_read(world: World) -> None:
    bob, found = await account(world, "bob"), links(world)
    await found.add(bob, ISSUER, "a subject of some length", is_told=False)
    (row,) = await world.store.read(sql.of(bob))
    assert not any(b"subject" in bytes(part) for part in (row.provider, row.identity, row.record))
    await world.admin.accounts.remove("bob@example.test", "test")
    assert await found.owner(ISSUER, "a subject of some length") is None
