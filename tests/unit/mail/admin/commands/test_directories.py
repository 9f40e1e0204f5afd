from skrytka.mail.admin.commands.base import CommandDeps
from skrytka.mail.admin.commands.run import run_command
from skrytka.model.actor import LOCAL_ROOT
from tests.unit.mail.admin.commands.test_run import nothing
from tests.unit.mail.world import World


async def test_without_a_directory_there_is_nothing_to_bring_into_line(world: World) -> None:
    request = b'{"command": "directory.sync", "args": {"is_dry": true}}'
    answer = await run_command(CommandDeps(admin=world.admin), request, LOCAL_ROOT, nothing)
    assert answer.error == "unsupported"
