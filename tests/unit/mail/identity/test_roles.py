import pytest

from skrytka.mail.identity.access_deps import AccessDeps
from skrytka.mail.identity.roles import USER, Roles, demand_cover
from skrytka.model.actor import LOCAL_ROOT, AccessRole, Actor, Grant
from skrytka.model.errors import PermanentError, Reason
from tests.unit.mail.world import World

HELP = Grant(AccessRole.HELP_DESK, "example.test")
ROOT = Grant(AccessRole.SYSTEM_ADMIN)
DORA = Actor("dora", grants=(Grant(AccessRole.DOMAIN_ADMIN, "example.test"),))


async def test_roles_are_given_and_taken(world: World, access: AccessDeps) -> None:
    roles, alice = Roles(access), await world.account("alice")
    assert await roles.of(alice) == (USER,)
    await roles.give(alice, HELP, DORA)
    assert await roles.of(alice) == (USER, HELP)
    assert [(row.address, row.role, row.domain) for row in await roles.list()] == [
        ("admin@example.test", "system_admin", None),
        ("alice@example.test", "help_desk", "example.test"),
    ]
    await roles.take(alice, HELP, DORA)
    assert await roles.of(alice) == (USER,)


@pytest.mark.parametrize(
    ("actor", "grant", "reason"),
    [
        (DORA, ROOT, Reason.NOT_PERMITTED),
        (DORA, Grant(AccessRole.HELP_DESK), Reason.NOT_PERMITTED),
        (DORA, Grant(AccessRole.HELP_DESK, "other.test"), Reason.NOT_PERMITTED),
        (LOCAL_ROOT, USER, Reason.BAD_SYNTAX),
    ],
)
async def test_nobody_gives_more_than_he_has(
    world: World, access: AccessDeps, actor: Actor, grant: Grant, reason: Reason
) -> None:
    for change in (Roles(access).give, Roles(access).take):
        with pytest.raises(PermanentError) as caught:
            await change(await world.account("alice"), grant, actor)
        assert caught.value.reason is reason


async def test_nobody_acts_upon_who_can_do_more(world: World, access: AccessDeps) -> None:
    roles, admin = Roles(access), await world.account("admin")
    with pytest.raises(PermanentError):
        await roles.demand_cover(admin, DORA)
    await roles.demand_cover(admin, LOCAL_ROOT)
    await roles.demand_cover(await world.account("alice"), DORA)
    await roles.demand_cover(admin, Actor("he himself", admin))
    demand_cover(DORA, [HELP])
