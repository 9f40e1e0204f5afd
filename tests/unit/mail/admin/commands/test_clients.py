import msgspec

from skrytka.mail.admin.commands.base import CommandDeps
from skrytka.mail.admin.commands.clients import ClientCertificate
from skrytka.mail.admin.commands.run import run_command
from skrytka.model.actor import LOCAL_ROOT
from skrytka.model.events import DirectoryChanged
from tests.unit.mail.world import World


class Signer:
    async def issue(self, name: str, days: int) -> ClientCertificate:
        return ClientCertificate(name=name, days=days, certificate="C", key="K")


async def nothing(_text: str) -> None:
    pass


async def test_a_certificate_is_made_and_it_is_on_record(world: World) -> None:
    request = msgspec.json.encode({"command": "cert.client", "args": {"name": "laptop", "days": 5}})
    answer = await run_command(CommandDeps(admin=world.admin, clients=Signer()), request, LOCAL_ROOT, nothing)
    assert answer.result == ClientCertificate(name="laptop", days=5, certificate="C", key="K")
    assert DirectoryChanged(actor="local root", action="cert.client", object="laptop") in world.events.events
    assert (await run_command(CommandDeps(admin=world.admin), request, LOCAL_ROOT, nothing)).error == "unsupported"
