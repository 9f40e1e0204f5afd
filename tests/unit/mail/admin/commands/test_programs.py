import json
from typing import Any

from skrytka.mail.admin.commands.base import CommandDeps
from skrytka.mail.admin.commands.run import run_command
from skrytka.model.actor import LOCAL_ROOT, AccessRole, Actor, Grant
from tests.unit.mail.admin.commands.test_run import nothing
from tests.unit.mail.identity.oauth.support import Case
from tests.unit.mail.world import World


async def run(world: World, command: str, actor: Actor = LOCAL_ROOT, **args: Any) -> Any:
    request = json.dumps({"command": command, "args": args}).encode()
    return await run_command(CommandDeps(admin=world.admin), request, actor, nothing)


async def test_programs_come_and_go(world: World) -> None:
    added = await run(world, "oauth.client.add", client="tv1", name="TV", is_device=True)
    assert added.ok
    assert len((await run(world, "oauth.client.list")).result) == 3
    assert (await run(world, "oauth.client.remove", client="tv1")).ok


async def test_grants_are_seen_and_ended_by_who_may(world: World) -> None:
    await Case(world).tokens()
    await Case(world).tokens()
    address = "alice@example.test"
    help_desk = Actor("desk@example.test", grants=(Grant(AccessRole.HELP_DESK, "example.test"),))
    elsewhere = Actor("desk@other.test", grants=(Grant(AccessRole.HELP_DESK, "other.test"),))
    grants = (await run(world, "oauth.grants", help_desk, address=address)).result
    assert len(grants) == 2
    for command in ("oauth.grants", "oauth.revoke"):
        assert (await run(world, command, elsewhere, address=address)).error == "no_such_object"
    assert (await run(world, "oauth.client.add", help_desk, client="tv1", name="TV")).error == "not_permitted"
    assert (await run(world, "oauth.grant.revoke", help_desk, address=address, grant=grants[0].grant)).ok
    assert (await run(world, "oauth.revoke", help_desk, address=address)).result.grants == 1
