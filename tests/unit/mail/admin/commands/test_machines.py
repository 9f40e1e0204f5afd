import pytest

from skrytka.model.actor import LOCAL_ROOT, AccessRole, Grant
from skrytka.model.events import CommandDone
from skrytka.model.secret import Secret
from skrytka.net.machines import new_request
from tests.unit.mail.admin.commands.test_access import person
from tests.unit.mail.admin.commands.test_run import ask
from tests.unit.mail.world import World

ALICE = {"address": "alice@example.test"}


async def test_a_machine_is_invited_seen_and_put_out_and_the_token_is_in_no_event(world: World) -> None:
    admin = await person(world, "admin", Grant(AccessRole.SYSTEM_ADMIN))
    made = (await ask(world, admin, "machine.invite", **ALICE, name="laptop", minutes=5)).result
    assert made.machine.invited_by == "admin@example.test"
    assert made.token.rpartition("_")[2] not in str(world.events.events)
    await world.admin.machines.enrol(Secret(made.token), new_request()[1], 1)
    officer = await person(world, "bob", Grant(AccessRole.SECURITY_OFFICER))
    (seen,) = (await ask(world, officer, "machine.list")).result
    assert (seen.address, seen.name) == ("alice@example.test", "laptop")
    gone = (await ask(world, officer, "machine.revoke", **ALICE, id=seen.id)).result
    assert gone == seen
    assert (await ask(world, officer, "machine.list")).result == []
    assert (await ask(world, officer, "machine.revoke", **ALICE, id=seen.id)).error == "no_such_object"
    done = [event for event in world.events.events if isinstance(event, CommandDone)]
    assert [event.action for event in done] == ["machine.invite", "machine.revoke"]
    assert seen.id in done[0].after
    assert seen.id in done[1].before


@pytest.mark.parametrize("role", [AccessRole.DOMAIN_ADMIN, AccessRole.HELP_DESK, AccessRole.SECURITY_OFFICER])
async def test_only_who_answers_for_the_server_invites(world: World, role: AccessRole) -> None:
    bob = await person(world, "bob", Grant(role))
    assert (await ask(world, bob, "machine.invite", **ALICE, name="laptop")).error == "not_permitted"


async def test_a_list_has_what_is_in_one_s_own_domain(world: World) -> None:
    for address in ("alice@example.test", "carol@other.test"):
        assert (await ask(world, LOCAL_ROOT, "machine.invite", address=address, name="laptop")).ok
    bob = await person(world, "bob", Grant(AccessRole.DOMAIN_ADMIN, "example.test"))
    assert [row.address for row in (await ask(world, bob, "machine.list")).result] == ["alice@example.test"]
    named = await ask(world, LOCAL_ROOT, "machine.list", domain="other.test")
    assert [row.address for row in named.result] == ["carol@other.test"]
    assert (
        await ask(world, LOCAL_ROOT, "machine.invite", address="nobody@example.test", name="x")
    ).error == "no_such_user"
