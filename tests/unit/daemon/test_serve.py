from pathlib import Path

import pytest

from skrytka.daemon import serve
from skrytka.daemon.layout import Layout
from skrytka.daemon.lock import is_held
from skrytka.daemon.notify import Notifier
from skrytka.daemon.prepare import Prepared
from tests.support import installations
from tests.support.ports import free_block

PORT = free_block()


class FakeSupervisor:
    """Sees the folder as the real one would."""

    error: Exception | None = None

    def __init__(self, prepared: Prepared, *_: object, notifier: Notifier) -> None:
        self._layout = prepared.layout

    async def run(self) -> int:
        assert is_held(self._layout.lock)
        assert not list((self._layout.store / "spool").iterdir())
        if self.error is not None:
            raise self.error
        return 7


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    monkeypatch.setattr(serve, "Supervisor", FakeSupervisor)
    ports = {"smtp": PORT, "imap": PORT + 1, "imaps": PORT + 2}
    layout = installations.make_confirmed(tmp_path / "s", ports=ports)
    (layout.store / "spool").mkdir()
    (layout.store / "spool" / "left").touch()
    return layout


def test_what_crashed_writers_left_is_swept_and_the_status_is_the_supervisors(layout: Layout) -> None:
    assert serve.serve(layout.config, print, print) == 7
    assert not is_held(layout.lock)


def test_the_folder_is_free_after_a_bug(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeSupervisor, "error", RuntimeError("bug"))
    with pytest.raises(RuntimeError):
        serve.serve(layout.config, print, print)
    assert not is_held(layout.lock)
