from skrytka.mail.admin.group_roles import GroupRoles, RoleChange, tell
from skrytka.mail.identity.access_deps import AccessDeps
from skrytka.mail.identity.roles import Roles
from skrytka.model.actor import LOCAL_ROOT, AccessRole, Grant
from skrytka.model.events import CommandDone
from skrytka.model.ids import AccountId
from skrytka.model.settings import DirectoryRole
from tests.unit.mail.world import World

TABLE = (
    DirectoryRole(group="CN=Help", role="help_desk", domain="example.test"),
    DirectoryRole(group="cn=audit", role="auditor"),
    DirectoryRole(group="cn=audit two", role="auditor"),
)


def roles_of(world: World) -> Roles:
    return Roles(AccessDeps(store=world.store, keys=world.keys, clock=world.clock, random=world.random))


async def test_those_of_the_table_follow_and_others_stay(world: World) -> None:
    roles, alice = roles_of(world), AccountId((await world.admin.accounts.show("alice@example.test")).account)
    by_hand = Grant(AccessRole.SECURITY_OFFICER)
    await roles.give(alice, by_hand, LOCAL_ROOT)
    groups = GroupRoles(roles, TABLE)
    dry = await groups.align(alice, ("cn=help", "CN=AUDIT"), is_dry=True)
    assert dry == [RoleChange("role.give", "auditor everywhere"), RoleChange("role.give", "help_desk example.test")]
    assert await groups.align(alice, ("cn=help", "CN=AUDIT")) == dry
    assert await groups.align(alice, ("cn=help", "cn=audit two")) == []
    assert await groups.align(alice, ()) == [
        RoleChange("role.take", "auditor everywhere"),
        RoleChange("role.take", "help_desk example.test"),
    ]
    assert by_hand in await roles.of(alice)


async def test_one_that_cannot_be_given_or_taken_keeps_no_other_from_being_taken(world: World) -> None:
    roles, admin = roles_of(world), AccountId((await world.admin.accounts.show("admin@example.test")).account)
    nowhere = DirectoryRole(group="cn=audit", role="help_desk", domain="gone.example")
    groups = GroupRoles(roles, (*TABLE, nowhere, DirectoryRole(group="cn=admins", role="system_admin")))
    await roles.give(admin, Grant(AccessRole.HELP_DESK, "example.test"), LOCAL_ROOT)
    changes = await groups.align(admin, ("cn=audit",))
    assert [(one.change, one.detail.partition(":")[0]) for one in changes] == [
        ("role.give", "auditor everywhere"),
        ("role.left", "help_desk gone.example"),
        ("role.take", "help_desk example.test"),
        ("role.left", "system_admin everywhere"),  # the last one
    ]
    world.events.events.clear()
    tell(world.events, "timer", "admin@example.test", changes)
    assert len(world.events.events) == 2


async def test_case_counts_where_it_has_to(world: World) -> None:
    groups = GroupRoles(roles_of(world), TABLE, is_case_kept=True)
    assert groups.wanted(("cn=help", "cn=audit")) == [Grant(AccessRole.AUDITOR)]
    assert groups
    assert not GroupRoles(roles_of(world), ())


def test_each_change_is_told(world: World) -> None:
    world.events.events.clear()
    changes = (RoleChange("role.give", "auditor everywhere"), RoleChange("role.take", "help_desk example.test"))
    tell(world.events, "timer", "alice@example.test", changes)
    told = [event for event in world.events.events if isinstance(event, CommandDone)]
    assert [(event.action, event.object, event.before, event.after) for event in told] == [
        ("role.give", "alice@example.test", "", "auditor everywhere"),
        ("role.take", "alice@example.test", "help_desk example.test", ""),
    ]
