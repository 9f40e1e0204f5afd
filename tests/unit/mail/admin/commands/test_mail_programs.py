import json
from typing import Any

from skrytka.mail.admin.commands.base import CommandDeps
from skrytka.mail.admin.commands.run import run_command
from skrytka.model.actor import LOCAL_ROOT, AccessRole, Actor, Grant
from tests.support.certificates import ClientAuthority
from tests.unit.mail.admin.commands.test_run import nothing
from tests.unit.mail.world import World

ALICE, BOB = "alice@example.test", "bob@example.test"


async def run(world: World, command: str, actor: Actor = LOCAL_ROOT, **args: Any) -> Any:
    request = json.dumps({"command": command, "args": args}).encode()
    return await run_command(CommandDeps(admin=world.admin), request, actor, nothing)


async def test_app_passwords_are_made_by_root_alone_and_ended_by_the_help_desk(world: World) -> None:
    desk = Actor("desk@example.test", grants=(Grant(AccessRole.HELP_DESK, "example.test"),))
    assert (await run(world, "app_password.add", desk, address=ALICE, name="x")).error == "not_permitted"
    made = (await run(world, "app_password.add", address=ALICE, name="phone", days=3)).result
    assert (await run(world, "app_password.list", desk, address=ALICE)).result == [made.app_password]
    number = made.app_password.number
    assert (await run(world, "app_password.remove", desk, address=ALICE, number=number)).result.count == 1
    assert (await run(world, "app_password.remove_all", desk, address=ALICE)).result.count == 0


async def test_control_and_delegation_are_a_matter_of_the_domain(world: World) -> None:
    grants = (Grant(AccessRole.DOMAIN_ADMIN, "example.test"), Grant(AccessRole.USER))
    admin = Actor("admin@example.test", grants=grants, stepped_up_at_ms=world.clock.now_ms())
    elsewhere = Actor("admin@other.test", grants=(Grant(AccessRole.DOMAIN_ADMIN, "other.test"),))
    control = {"services": ["imap"]}
    assert (await run(world, "account.control.set", admin, address=ALICE, control=control)).ok
    assert (await run(world, "account.control", admin, address=ALICE)).result.services == ("imap",)
    delegation = {"address": ALICE, "delegate": BOB, "kind": "send_as"}
    assert (await run(world, "delegation.add", admin, **delegation)).ok
    assert len((await run(world, "delegation.list", admin, address=BOB)).result) == 1
    assert (await run(world, "delegation.remove", admin, **delegation)).ok
    stranger = delegation | {"delegate": "carol@other.test"}
    assert (await run(world, "delegation.add", admin, **stranger)).error == "no_such_object"
    refused = await run(world, "account.control.set", elsewhere, address=ALICE, control=control)
    assert refused.error == "no_such_object"
    assert (await run(world, "delegation.add", elsewhere, **delegation)).error == "no_such_object"
    unknown = await run(world, "account.control.set", admin, address=ALICE, control={"is_admin": True})
    assert unknown.error == "bad_syntax"


async def test_certificates_come_and_go(world: World) -> None:
    pem, _ = ClientAuthority().issue()
    added = (await run(world, "certificate.login.add", address=ALICE, certificate=pem.decode())).result
    assert len((await run(world, "certificate.login.list", address=ALICE)).result) == 1
    assert (await run(world, "certificate.login.remove", address=ALICE, fingerprint=added.fingerprint)).ok
