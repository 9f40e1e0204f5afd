import pytest

from skrytka.mail.admin.commands.node import QueueArgs
from skrytka.model.actor import LOCAL_ROOT
from tests.unit.mail.admin.commands.test_run import ask
from tests.unit.mail.world import World


def test_the_queue_is_asked_as_administration_knows_it() -> None:
    assert QueueArgs(sender="a@example.test", state="held").wanted.sender == "a@example.test"


@pytest.mark.parametrize("command", ["store.check", "cert.list", "cert.renew", "cert.rollover"])
async def test_what_this_process_cannot_do_is_unsupported(world: World, command: str) -> None:
    assert (await ask(world, LOCAL_ROOT, command)).error == "unsupported"
