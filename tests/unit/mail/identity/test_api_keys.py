import pytest

from skrytka.mail.identity.access_deps import AccessDeps
from skrytka.mail.identity.api_keys import DAYS_MAX, NEVER, ApiKeys, Limits
from skrytka.mail.identity.permissions import Permission, may
from skrytka.mail.identity.roles import Roles
from skrytka.model.actor import LOCAL_ROOT, AccessRole, Actor, Grant
from skrytka.model.errors import PermanentError
from skrytka.model.secret import Secret
from tests.unit.mail.world import ACTOR, World

READ = ("account.read", "alias.write")


async def root(world: World) -> Actor:
    return Actor("admin@example.test", await world.account("admin"), (Grant(AccessRole.SYSTEM_ADMIN),))


async def test_a_key_may_what_it_names_where_it_names_it(world: World, access: AccessDeps) -> None:
    keys, admin = ApiKeys(access), await root(world)
    made = await keys.add(Limits("sync", READ, "example.test"), 30, admin)
    assert made.token.startswith("skrytka_")
    assert made.token not in repr(made)
    found = await keys.find(Secret(made.token), "192.0.2.1")
    assert found is not None
    assert found.actor.name == "key sync of admin@example.test"
    assert may(found.actor, Permission.ALIAS_WRITE, "example.test")
    for permission, domain in (
        (Permission.ALIAS_WRITE, "other.test"),
        (Permission.ALIAS_WRITE, None),
        (Permission.ACCOUNT_WRITE, "example.test"),
        (Permission.OWN, "example.test"),
    ):
        assert not may(found.actor, permission, domain)
    assert (made.key.used_at_ms, made.key.address) == (None, "admin@example.test")
    assert (await keys.list())[0].used_at_ms == world.clock.now_ms()


async def test_everything_is_what_its_account_may_and_a_key_can_have(world: World, access: AccessDeps) -> None:
    alice = Actor("alice", await world.account("alice"), (Grant(AccessRole.AUDITOR),))
    made = await ApiKeys(access).add(Limits("k", ("*",)), 1, alice)
    assert Permission.ACCOUNT_READ in made.key.permissions
    assert not set(made.key.permissions) & {*NEVER, Permission.ACCOUNT_WRITE}


async def test_it_has_no_more_than_its_account_has_today(world: World, access: AccessDeps) -> None:
    keys, roles, alice = ApiKeys(access), Roles(access), await world.account("alice")
    grant = Grant(AccessRole.DOMAIN_ADMIN, "example.test")
    await roles.give(alice, grant, LOCAL_ROOT)
    made = await keys.add(Limits("k", ("alias.write",), "example.test"), 1, Actor("alice", alice, (grant,)))
    found = await keys.find(Secret(made.token), "192.0.2.1")
    assert found is not None
    assert may(found.actor, Permission.ALIAS_WRITE, "example.test")
    await roles.take(alice, grant, LOCAL_ROOT)
    found = await keys.find(Secret(made.token), "192.0.2.1")
    assert found is not None
    assert not may(found.actor, Permission.ALIAS_WRITE, "example.test")
    await world.admin.accounts.suspend("alice@example.test", ACTOR)
    assert await keys.find(Secret(made.token), "192.0.2.1") is None


@pytest.mark.parametrize(
    "limits",
    [
        Limits("x", ("role.write",)),
        Limits("x", ("api_key.write",)),
        Limits("x", ("approval.decide",)),
        Limits("x", ("own",)),
        Limits("x", ("fly",)),
        Limits("", READ),
        Limits("a\n", READ),
        Limits("x", READ, networks=("nowhere",)),
        Limits("x", READ, per_minute=0),
    ],
)
async def test_what_no_key_may_have_is_refused(world: World, access: AccessDeps, limits: Limits) -> None:
    with pytest.raises(PermanentError):
        await ApiKeys(access).add(limits, 30, await root(world))


async def test_nobody_makes_a_key_that_can_do_more_than_he(world: World, access: AccessDeps) -> None:
    alice = Actor("alice", await world.account("alice"), (Grant(AccessRole.DOMAIN_ADMIN, "example.test"),))
    for limits in (Limits("x", READ), Limits("x", READ, "other.test"), Limits("x", ("queue.read",), "example.test")):
        with pytest.raises(PermanentError):
            await ApiKeys(access).add(limits, 1, alice)
    with pytest.raises(PermanentError):
        await ApiKeys(access).add(Limits("x", READ), 1, LOCAL_ROOT)
    for days in (0, DAYS_MAX + 1):
        with pytest.raises(PermanentError):
            await ApiKeys(access).add(Limits("x", READ), days, await root(world))


async def test_it_ends_by_itself_is_removed_and_opens_from_its_networks_only(world: World, access: AccessDeps) -> None:
    keys, admin = ApiKeys(access), await root(world)
    made = await keys.add(Limits("x", READ, networks=("192.0.2.0/24",)), 1, admin)
    token = Secret(made.token)
    assert await keys.find(token, "192.0.2.7")
    assert await keys.find(token, "198.51.100.1") is None
    world.clock.advance(86_400)
    assert await keys.find(token, "192.0.2.7") is None
    assert (await keys.remove(made.key.id)).name == "x"
    assert await keys.list() == []
    with pytest.raises(PermanentError):
        await keys.remove(made.key.id)


async def test_that_it_was_not_the_owner_ends_it(world: World, access: AccessDeps) -> None:
    keys, admin = ApiKeys(access), await root(world)
    made = await keys.add(Limits("x", READ), 1, admin)
    await world.admin.compromise.lock("admin@example.test", ACTOR)
    assert await keys.find(Secret(made.token), "192.0.2.1") is None
    await world.admin.compromise.trust("admin@example.test", ACTOR)
    assert await keys.find(Secret(made.token), "192.0.2.1") is None  # it does not come back
    assert await keys.list() == []


async def test_a_wrong_secret_is_nobody(world: World, access: AccessDeps) -> None:
    keys = ApiKeys(access)
    token = (await keys.add(Limits("x", READ), 1, await root(world))).token
    head, _, secret = token.rpartition("_")
    other = ("b" if secret[0] == "a" else "a") + secret[1:]
    for wrong in ("", "skrytka_", f"{head}_{other}", f"{head}_{secret[:-1]}", token.upper(), "x" + token, token + "\n"):
        assert await keys.find(Secret(wrong), "192.0.2.1") is None
