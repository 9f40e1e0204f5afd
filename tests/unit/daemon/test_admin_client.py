import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from skrytka.daemon.admin_client import CommandBugError, ask, connect
from skrytka.daemon.binding import bind_control
from skrytka.daemon.layout import Layout
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.framing import FrameReader, frame
from tests.support import installations

MODULES_MAX = 20  # of some 600


class Server:
    """Answers one connection with fixed frames."""

    def __init__(self, sock: socket.socket, *answers: object) -> None:
        self.asked: list[Any] = []
        sock.setblocking(True)
        self._sock = sock
        self._answers = answers
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        peer, _ = self._sock.accept()
        with peer:
            for payload in FrameReader().feed(peer.recv(65536)):
                self.asked.append(msgspec.json.decode(payload))
            for answer in self._answers:
                peer.sendall(frame(msgspec.json.encode(answer)))


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path.joinpath(*["x" * 60] * 2))  # longer than a socket's path may be
    layout.run.mkdir(parents=True)
    return layout


@pytest.fixture
def sock(layout: Layout) -> Iterator[socket.socket]:
    with bind_control(layout.control_socket) as bound:
        yield bound


def test_the_running_server_is_asked(layout: Layout, sock: socket.socket) -> None:
    told: list[str] = []
    server = Server(sock, {"progress": "half"}, {"ok": True, "result": [1]})
    assert ask(layout, "domain.list", {"a": 1}, told.append) == [1]
    assert server.asked == [{"command": "domain.list", "args": {"a": 1}}]
    assert told == ["half"]


@pytest.mark.parametrize(
    ("reason", "kind"), [(Reason.NO_SUCH_USER, PermanentError), (Reason.STORE_BUSY, TransientError)]
)
def test_its_refusal_is_raised_with_the_mend(
    layout: Layout, sock: socket.socket, reason: Reason, kind: type[PermanentError | TransientError]
) -> None:
    Server(sock, {"ok": False, "error": reason.value, "detail": "no", "mend": "look"})
    with pytest.raises(kind) as caught:
        ask(layout, "x", {}, print)
    assert caught.value.reason is reason
    assert caught.value.detail == "no; look"


def test_its_bug_is_no_refusal(layout: Layout, sock: socket.socket) -> None:
    Server(sock, {"ok": False, "error": "bug", "detail": "an error inside the server"})
    with pytest.raises(CommandBugError, match="inside the server"):
        ask(layout, "x", {}, print)


def test_a_server_that_ends_on_the_way_is_told(layout: Layout, sock: socket.socket) -> None:
    Server(sock, {"progress": "half"})
    with pytest.raises(TransientError) as caught:
        ask(layout, "x", {}, print)
    assert caught.value.reason is Reason.STORE_DOWN


def test_without_a_listener_there_is_no_server(layout: Layout) -> None:
    assert connect(layout) is None
    bind_control(layout.control_socket).close()
    assert connect(layout) is None
    assert connect(Layout(layout.root / "nowhere")) is None


def test_a_closed_socket_is_told_with_the_mend(
    layout: Layout, sock: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    with pytest.raises(PermanentError, match="be root"):
        connect(layout)
    assert sock.fileno() >= 0


def test_a_stopped_server_is_done_without(tmp_path: Path) -> None:
    installations.make(tmp_path / "s")
    told: list[str] = []
    found = ask(Layout(tmp_path / "s"), "store.check", {}, told.append)
    assert found["differences"] == []
    assert told


def test_who_asks_a_running_server_loads_next_to_nothing_of_it() -> None:
    script = "import skrytka.daemon.admin_client, sys; print(sum(name.startswith('skrytka.') for name in sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert int(loaded.stdout) < MODULES_MAX
