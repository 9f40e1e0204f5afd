import pytest

from skrytka.model.actor import LOCAL_ROOT, AccessRole, Actor, Grant
from tests.unit.mail.admin.commands.test_run import ask
from tests.unit.mail.world import World


async def person(world: World, name: str, *grants: Grant) -> Actor:
    """Who has just proved who he is."""
    everybody = (Grant(AccessRole.USER), *grants)
    return Actor(f"{name}@example.test", await world.account(name), everybody, world.clock.now_ms())


DOMAIN_ADMIN = Grant(AccessRole.DOMAIN_ADMIN, "example.test")


async def test_one_learns_who_one_is(world: World) -> None:
    me = (await ask(world, await person(world, "alice", DOMAIN_ADMIN), "me")).result
    assert me.name == "alice@example.test"
    assert me.permissions["*"] == ("own", "ping")
    assert "account.write" in me.permissions["example.test"]


async def test_a_domain_administrator_delegates_within_his_domain(world: World) -> None:
    alice = await person(world, "alice", DOMAIN_ADMIN)
    asked = {"address": "bob@example.test", "role": "help_desk", "domain": "EXAMPLE.test"}
    given = await ask(world, alice, "role.give", **asked)
    assert [(row.role, row.domain) for row in given.result] == [("help_desk", "example.test")]
    assert [row.address for row in (await ask(world, alice, "role.list")).result] == ["bob@example.test"]
    assert (await ask(world, alice, "role.take", **asked)).result == []


@pytest.mark.parametrize(
    ("args", "error"),
    [
        ({"address": "bob@example.test", "role": "system_admin"}, "not_permitted"),
        ({"address": "bob@example.test", "role": "system_admin", "domain": "example.test"}, "not_permitted"),
        ({"address": "bob@example.test", "role": "help_desk"}, "not_permitted"),
        ({"address": "bob@example.test", "role": "help_desk", "domain": "other.test"}, "no_such_object"),
        ({"address": "carol@other.test", "role": "help_desk", "domain": "example.test"}, "no_such_object"),
        ({"address": "nobody@example.test", "role": "help_desk", "domain": "example.test"}, "no_such_user"),
        ({"address": "bob@example.test", "role": "user", "domain": "example.test"}, "bad_syntax"),
    ],
)
async def test_he_reaches_no_further(world: World, args: dict[str, str], error: str) -> None:
    alice = await person(world, "alice", DOMAIN_ADMIN)
    assert (await ask(world, alice, "role.give", **args)).error == error


async def test_sessions_are_one_s_own_or_those_of_who_can_do_no_more(world: World) -> None:
    alice, helper = await person(world, "alice"), await person(world, "bob", Grant(AccessRole.HELP_DESK))
    assert (await ask(world, alice, "session.list")).result == []
    assert (await ask(world, alice, "session.end", id="00")).error == "no_such_object"
    assert (await ask(world, alice, "session.end_all")).result.sessions == 0
    assert (await ask(world, LOCAL_ROOT, "session.list")).error == "not_permitted"
    ended = await ask(world, helper, "account.end_sessions", address="alice@example.test")
    assert ended.result.sessions == 0
    assert (await ask(world, helper, "account.sessions", address="alice@example.test")).ok
    refused = await ask(world, helper, "account.end_sessions", address="admin@example.test")
    assert refused.error == "not_permitted"
    assert (await ask(world, alice, "account.sessions", address="bob@example.test")).error == "not_permitted"


async def test_a_key_is_shown_once_and_in_no_event(world: World) -> None:
    admin = await person(world, "admin", Grant(AccessRole.SYSTEM_ADMIN))
    made = (await ask(world, admin, "api_key.add", name="sync", permissions=["account.read"])).result
    assert made.token.rpartition("_")[2] not in str(world.events.events)
    (listed,) = (await ask(world, admin, "api_key.list")).result
    assert listed == made.key
    assert (await ask(world, admin, "api_key.remove", id=listed.id)).ok


async def test_local_root_makes_a_key_of_an_account_with_what_that_account_may(world: World) -> None:
    bob = await world.account("bob")
    given = {"address": "bob@example.test", "role": "help_desk", "domain": "example.test"}
    assert (await ask(world, LOCAL_ROOT, "role.give", **given)).ok
    named = {"name": "sync", "address": "bob@example.test", "domain": "example.test"}
    made = (await ask(world, LOCAL_ROOT, "api_key.add", permissions=["*"], **named)).result
    assert made.key.account == bob
    assert "account.password" in made.key.permissions
    assert not {"role.write", "own", "account.remove"} & set(made.key.permissions)
    too_much = await ask(world, LOCAL_ROOT, "api_key.add", permissions=["account.remove"], **named)
    assert too_much.error == "not_permitted"


async def test_nobody_else_makes_a_key_of_another(world: World) -> None:
    admin = await person(world, "admin", Grant(AccessRole.SYSTEM_ADMIN))
    asked = {"name": "sync", "permissions": ["account.read"]}
    other = await ask(world, admin, "api_key.add", address="alice@example.test", **asked)
    assert other.error == "not_permitted"
    assert (await ask(world, admin, "api_key.add", address="admin@example.test", **asked)).ok


async def test_a_key_for_a_domain_that_is_not_here_is_refused(world: World) -> None:
    admin = await person(world, "admin", Grant(AccessRole.SYSTEM_ADMIN))
    named = {"name": "sync", "permissions": ["account.read"], "domain": "nowhere.test"}
    assert (await ask(world, admin, "api_key.add", **named)).error == "no_such_domain"
