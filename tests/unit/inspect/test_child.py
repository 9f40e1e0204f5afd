"""inspect/child.py: the loop, driven over a socket without a sandbox around it."""

import socket
import threading
import time
from collections.abc import Iterator

import msgspec
import pytest

from skrytka.inspect import child, wire
from skrytka.inspect.child import describe, run
from skrytka.inspect.memory import MessageMemory, read_sealed
from skrytka.inspect.wire import Request
from skrytka.model.errors import RemoteProtocolError
from skrytka.model.framing import frame


def fail(message: bytes) -> bytes:
    raise ValueError(message)


HANDLERS = {"echo": lambda message: b"<" + message + b">", "fail": fail}


def run_and_close(sock: socket.socket) -> None:
    with sock:
        run(sock, HANDLERS)


@pytest.fixture
def front() -> Iterator[socket.socket]:
    """Our end; the loop runs in a thread until it is closed."""
    ours, theirs = socket.socketpair()
    thread = threading.Thread(target=run_and_close, args=(theirs,))
    thread.start()
    with ours:
        yield ours
    thread.join(10)
    assert not thread.is_alive()


def request(kind: str, size: int, *, is_memory: bool = False) -> bytes:
    return frame(msgspec.msgpack.encode(Request(kind, size, is_memory)))


def receive(sock: socket.socket) -> bytes:
    sock.settimeout(10)
    head = exactly(sock, 4)
    return exactly(sock, int.from_bytes(head, "big")) if head else b""


def exactly(sock: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size and (piece := sock.recv(size - len(data))):
        data += piece
    return data


def test_a_job_is_answered_however_it_is_cut(front: socket.socket) -> None:
    whole = request("echo", 5) + b"hello"
    front.sendall(whole + whole[:7])
    assert receive(front) == wire.OK + b"<hello>"
    for byte in whole[7:]:
        front.sendall(bytes([byte]))
    assert receive(front) == wire.OK + b"<hello>"


def test_a_large_message_is_read_from_its_memory(front: socket.socket) -> None:
    with MessageMemory() as memory:
        memory.write(b"x" * 300_000)
        memory.seal()
        socket.send_fds(front, [request("echo", 300_000, is_memory=True)], [memory.fd])
    assert len(receive(front)) == 300_003


def test_a_failure_names_class_and_place_but_no_word_of_the_message(front: socket.socket) -> None:
    front.sendall(request("fail", 6) + b"secret")
    answer = receive(front)
    assert answer.startswith(wire.FAILED + b"ValueError")
    assert b"secret" not in answer
    assert receive(front) == b""  # the child is over


def test_the_last_answer_of_a_term_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "CHILD_MESSAGES_MAX", 2)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall((request("echo", 1) + b"x") * 3)
        run(theirs, HANDLERS)
        assert [receive(ours), receive(ours)] == [wire.OK + b"<x>", wire.OK_AND_LAST + b"<x>"]


def test_a_child_is_over_by_age_or_by_work(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0, 61.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "process_time", lambda: now[1])
    assert not child.is_over(1000.0, 1.0)
    now[:] = [1600.1, 1.0]
    assert child.is_over(1000.0, 1.0)
    now[:] = [1000.0, 61.1]
    assert child.is_over(1000.0, 1.0)


@pytest.mark.parametrize(
    "raw",
    [
        frame(b"x" * (wire.REQUEST_MAX_BYTES + 1)),
        request("echo", wire.MESSAGE_MAX_BYTES + 1),
        frame(b"no request"),
    ],
)
def test_what_is_no_request_ends_it(raw: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(raw)
        with pytest.raises((RemoteProtocolError, msgspec.DecodeError)):
            run(theirs, HANDLERS)


@pytest.mark.parametrize("cut", [0, 2, 4, 10, -1])
def test_a_front_that_goes_away_ends_it_quietly(cut: int) -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        ours.sendall((request("echo", 5) + b"hello")[:cut])
        ours.close()
        run(theirs, HANDLERS)


def test_a_memory_that_never_comes_ends_it_quietly() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        ours.sendall(request("echo", 5, is_memory=True))
        ours.close()
        run(theirs, HANDLERS)


def test_the_place_is_our_own_line() -> None:
    with pytest.raises(ValueError, match="shorter") as caught:
        read_sealed(MessageMemory().fd, 1)
    assert describe(caught.value).startswith("ValueError at memory.py:")
