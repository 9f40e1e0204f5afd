"""Who a provider knows gets his own account, and never somebody else's."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from skrytka.mail.identity.access_deps import AccessDeps
from skrytka.mail.identity.openid.links import PROVIDED
from skrytka.mail.identity.openid.provider import ProviderPerson
from skrytka.mail.identity.roles import Roles
from skrytka.model.actor import AccessRole
from skrytka.model.address import Address
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId
from skrytka.model.secret import Secret
from tests.unit.mail.openid_world import OpenIdWorld, openid_world
from tests.unit.mail.world import ACTOR, World

ALICE = Address.parse("alice@example.org")


@pytest.fixture
async def people(world: World) -> AsyncIterator[OpenIdWorld]:
    async with openid_world(world) as made:
        yield made


def person(people: OpenIdWorld, subject: str = "s-1", address: Address | None = ALICE, *groups: str) -> ProviderPerson:
    return ProviderPerson(people.fake.issuer, subject, address, groups, has_mfa=False)


async def enter(people: OpenIdWorld, who: ProviderPerson, **settings: Any) -> str:
    asked = people.with_settings(**settings).settings
    return (await people.world.admin.provided.enter(who, asked)).address.key


async def refused(people: OpenIdWorld, who: ProviderPerson, **settings: Any) -> Reason:
    before = [row.address for row in await people.world.admin.accounts.list()]
    with pytest.raises(PermanentError) as caught:
        await enter(people, who, **settings)
    assert [row.address for row in await people.world.admin.accounts.list()] == before
    return caught.value.reason


async def test_the_first_sign_in_makes_the_account_and_the_next_one_finds_it(people: OpenIdWorld) -> None:
    assert await enter(people, person(people)) == "alice@example.org"
    accounts = [row.address for row in await people.world.admin.accounts.list("example.org")]
    assert accounts == ["alice@example.org"]
    assert await enter(people, person(people)) == "alice@example.org"
    # whatever he is called there by now: it is he
    assert await enter(people, person(people, "s-1", None)) == "alice@example.org"
    assert await enter(people, person(people, "s-1", Address.parse("bob@example.org"))) == "alice@example.org"


async def test_an_account_that_is_there_is_not_opened_by_its_address(people: OpenIdWorld) -> None:
    await people.world.admin.accounts.add(str(ALICE), Secret("correct horse"), ACTOR)
    assert await refused(people, person(people)) is Reason.ALREADY_EXISTS


@pytest.mark.parametrize("owner", ["alias", "another subject", "another provider", "ldap"])
async def test_an_address_of_somebody_else_opens_nothing(people: OpenIdWorld, owner: str) -> None:
    admin = people.world.admin
    if owner == "alias":
        await admin.aliases.add(str(ALICE), ("bob@example.test",), ACTOR)
    elif owner == "another subject":  # the one before him, whose address he was given there
        await enter(people, person(people, "s-0"))
    elif owner == "another provider":
        await admin.accounts.add_outside(str(ALICE), PROVIDED + "https://other.test", ACTOR)
    else:
        await admin.accounts.add_outside(str(ALICE), "$ldap$uid=alice", ACTOR)
    assert await refused(people, person(people)) is Reason.ALREADY_EXISTS


@pytest.mark.parametrize(
    ("address", "settings"),
    [
        (None, {}),
        ("alice@example.org", {"is_just_in_time": False}),
        ("postmaster@example.org", {}),
        ("Hostmaster@example.org", {}),
        ("alice+bank@example.org", {}),  # mail of alice's would go there
    ],
)
async def test_no_account_is_made_for_everybody(
    people: OpenIdWorld, address: str | None, settings: dict[str, Any]
) -> None:
    who = person(people, "s-1", Address.parse(address) if address else None)
    assert await refused(people, who, **settings) is Reason.NO_SUCH_USER


async def test_a_domain_that_is_not_hosted_has_no_accounts(people: OpenIdWorld) -> None:
    elsewhere = person(people, "s-1", Address.parse("alice@example.net"))
    assert await refused(people, elsewhere) is Reason.NO_SUCH_DOMAIN


async def test_an_account_that_waits_for_the_provider_is_his(people: OpenIdWorld) -> None:
    await people.world.admin.accounts.add_outside(str(ALICE), PROVIDED + people.fake.issuer, ACTOR)
    assert await enter(people, person(people), is_just_in_time=False) == "alice@example.org"
    assert await refused(people, person(people, "s-2")) is Reason.ALREADY_EXISTS


async def roles(people: OpenIdWorld, address: str) -> set[AccessRole]:
    world = people.world
    deps = AccessDeps(store=world.store, keys=world.keys, clock=world.clock, random=world.random)
    account = AccountId((await world.admin.accounts.show(address)).account)
    return {grant.role for grant in await Roles(deps).of(account)}


async def test_roles_follow_the_groups_at_each_sign_in(people: OpenIdWorld) -> None:
    await enter(people, person(people, "s-1", ALICE, "mail-help"))
    assert await roles(people, str(ALICE)) == {AccessRole.USER, AccessRole.HELP_DESK}
    await enter(people, person(people, "s-1", ALICE, "Mail-Help"))  # another group
    assert await roles(people, str(ALICE)) == {AccessRole.USER}
    told = [event.action for event in people.world.events.events if hasattr(event, "action")]
    assert told == ["account.add", "role.give", "role.take"]


async def test_a_linked_account_of_ours_keeps_its_roles(people: OpenIdWorld) -> None:
    await people.world.admin.accounts.add(str(ALICE), Secret("correct horse"), ACTOR)
    await people.world.admin.provided.link(ALICE, person(people))
    await enter(people, person(people, "s-1", ALICE, "mail-help"))
    assert await roles(people, str(ALICE)) == {AccessRole.USER}


async def test_an_owner_links_his_own_address_and_no_other(people: OpenIdWorld) -> None:
    provided = people.world.admin.provided
    account = AccountId((await people.world.admin.accounts.add(str(ALICE), Secret("correct horse"), ACTOR)).account)
    for address in (None, Address.parse("bob@example.org")):
        with pytest.raises(PermanentError) as caught:
            await provided.link(ALICE, person(people, "s-1", address))
        assert caught.value.reason is Reason.NOT_PERMITTED
    await provided.link(ALICE, person(people))
    assert await enter(people, person(people)) == "alice@example.org"
    assert not await provided.is_provided(account)
    (link,) = await provided.links(str(ALICE))
    assert (link.issuer, link.subject) == (people.fake.issuer, "s-1")
    assert await provided.unlink(str(ALICE), people.fake.issuer, ACTOR) == []
    assert await refused(people, person(people)) is Reason.ALREADY_EXISTS


async def test_an_account_that_is_gone_is_nobodys(people: OpenIdWorld) -> None:
    await enter(people, person(people))
    await people.world.admin.accounts.remove(str(ALICE), ACTOR)
    await people.world.admin.accounts.add(str(ALICE), Secret("correct horse"), ACTOR)
    assert await refused(people, person(people)) is Reason.ALREADY_EXISTS
