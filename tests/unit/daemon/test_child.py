import os
import socket
from collections.abc import Iterator

import pytest

from skrytka.daemon import channel, child
from skrytka.daemon.messages import Faulty, Ready, Start
from skrytka.model.errors import PermanentError, Reason, ReasonedError, TransientError
from skrytka.model.settings import Settings

START = Start(kind="front", number=1, root="/x", settings=Settings(version=1, hostname="a.b"))


@pytest.fixture
def parent(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The other end of the control socket; the process of the tests keeps its signals and its memory."""
    monkeypatch.setattr(child, "ignore_termination", lambda: None)
    monkeypatch.setattr(child, "seal_memory", lambda: None)
    near, far = channel.pair()
    monkeypatch.setattr(child, "_test_fd", near.detach(), raising=False)
    yield far
    far.close()


def main() -> int:
    return child.main(["child", "front-1", str(child._test_fd)])  # type: ignore[attr-defined]


def test_a_supervisor_that_ended_at_once_is_no_fault(parent: socket.socket) -> None:
    parent.close()
    assert main() == 0


def test_the_start_message_says_what_to_be(parent: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[Start, int]] = []

    def run(start: Start, control: socket.socket, fds: list[int]) -> int:
        assert not control.get_inheritable()
        started.append((start, len(fds)))
        return 7

    monkeypatch.setattr(child, "run", run)
    reader, writer = os.pipe()
    start = Start(kind="front", number=1, root="/x", settings=START.settings, sockets=("smtp",))
    channel.send_blocking(parent, start, [writer])
    assert main() == 7
    assert started == [(start, 1)]
    os.close(reader)
    os.close(writer)


@pytest.mark.parametrize(
    "message", [Ready(), Start(kind="front", number=1, root="/x", settings=START.settings, sockets=("smtp",))]
)
def test_what_is_no_start_is_refused(parent: socket.socket, message: Ready | Start) -> None:
    channel.send_blocking(parent, message)
    assert main() == child.EXIT_FAULT


@pytest.mark.parametrize(
    ("error", "is_permanent"),
    [
        (PermanentError(Reason.BAD_CONFIG, "no certificate"), True),
        (TransientError(Reason.STORE_DOWN, "no store"), False),
    ],
)
def test_a_fault_with_words_is_told(
    parent: socket.socket, monkeypatch: pytest.MonkeyPatch, error: ReasonedError, is_permanent: bool
) -> None:
    def run(_start: Start, control: socket.socket, _fds: list[int]) -> int:
        control.close()
        raise error

    monkeypatch.setattr(child, "run", run)
    channel.send_blocking(parent, START)
    assert main() == child.EXIT_FAULT
    assert channel.receive_blocking(parent) == (Faulty(detail=error.detail, is_permanent=is_permanent), [])
