from pathlib import Path

import msgspec
import pytest

from skrytka.daemon.layout import Layout
from skrytka.daemon.lock import FolderLock, is_held
from skrytka.daemon.offline import actor, locked, offline
from skrytka.mail.admin.commands.run import run_command
from skrytka.model.actor import local_actor
from skrytka.model.errors import TransientError
from skrytka.model.secret import Secret
from skrytka.store.events.verify import verify
from tests.support import installations


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    installations.make(tmp_path / "s")
    return Layout(tmp_path / "s")


async def nothing(_text: str) -> None:
    return


async def test_a_stopped_server_is_administered_and_its_events_verify(layout: Layout) -> None:
    async with offline(layout) as deps:
        made = await deps.admin.init("example.test", "admin@example.test", Secret("pw"), actor())
        assert made.services == ("web",)
        answer = await run_command(deps, b'{"command": "store.check"}', local_actor(actor()), nothing)
        assert answer.ok
        assert msgspec.to_builtins(answer.result)["differences"] == ()
    report = verify(layout.events)
    assert report.events >= 6
    assert report.is_sound
    assert report.checkpoints == 1
    assert report.unsigned == 1  # the event that says that the others are signed
    assert not is_held(layout.lock)


async def test_what_only_reads_leaves_no_checkpoint(layout: Layout) -> None:
    async with offline(layout) as deps:
        assert await deps.admin.domains.list() == []
    assert verify(layout.events).checkpoints == 0


def test_a_running_server_is_left_alone(layout: Layout) -> None:
    lock = FolderLock.take(layout.lock)
    with pytest.raises(TransientError, match="in use"), locked(layout):
        pytest.fail("the folder is not ours")
    lock.close()
    with locked(layout) as folder:
        assert folder.settings.hostname == "mail.example.test"
        assert is_held(layout.lock)
