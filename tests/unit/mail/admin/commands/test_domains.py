from skrytka.mail.admin.commands.base import CommandDeps
from skrytka.mail.admin.commands.run import run_command
from skrytka.model.actor import LOCAL_ROOT
from tests.unit.mail.admin.commands.test_run import nothing
from tests.unit.mail.world import World


async def test_a_domain_comes_and_goes(world: World) -> None:
    deps = CommandDeps(admin=world.admin)
    for command in ("domain.add", "domain.remove"):
        request = b'{"command": "%s", "args": {"domain": "new.test"}}' % command.encode()
        assert (await run_command(deps, request, LOCAL_ROOT, nothing)).ok
    assert [row.name for row in await world.admin.domains.list()] == ["example.test", "other.test"]
