"""inspect/zygote.py: over its socket."""

import os
import select
import signal
import socket

import msgspec
import pytest

from skrytka.inspect.spawn import join, start_zygote
from skrytka.inspect.wire import Ended, Fork, Forked, FromZygote, Join, NotForked, Request, ToZygote
from skrytka.inspect.zygote import CHILDREN_MAX
from skrytka.model.framing import frame
from tests.support.inspectors import ended


class Front:
    """A blocking front."""

    def __init__(self, owner: socket.socket) -> None:
        self.sock = join(owner)
        self.sock.settimeout(10)

    def say(self, message: ToZygote) -> None:
        self.sock.send(msgspec.msgpack.encode(message))

    def hear(self) -> tuple[FromZygote, list[int]]:
        raw, fds, _flags, _address = socket.recv_fds(self.sock, 4096, 2)
        return msgspec.msgpack.decode(raw, type=FromZygote), fds

    def child(self, number: int) -> tuple[int, socket.socket, int]:
        self.say(Fork(number))
        message, fds = self.hear()
        assert isinstance(message, Forked)
        assert message.number == number
        return message.pid, socket.socket(fileno=fds[0]), fds[1]


def close(sock: socket.socket, pidfd: int) -> None:
    sock.close()
    os.close(pidfd)


def test_a_child_works_and_its_end_is_told_to_its_front(owner: socket.socket) -> None:
    front = Front(owner)
    pid, sock, pidfd = front.child(5)
    assert pid != os.getpid()
    sock.sendall(frame(msgspec.msgpack.encode(Request("echo", 2, is_memory=False))) + b"hi")
    sock.settimeout(10)
    assert sock.recv(100) == frame(b"\x00hi")
    close(sock, pidfd)
    assert front.hear()[0] == Ended(5, 0)
    front.sock.close()


def test_a_pidfd_kills_this_child(owner: socket.socket) -> None:
    front = Front(owner)
    _pid, sock, pidfd = front.child(1)
    signal.pidfd_send_signal(pidfd, signal.SIGKILL)
    assert select.select([pidfd], [], [], 10)[0]
    assert front.hear()[0] == Ended(1, -signal.SIGKILL)
    close(sock, pidfd)
    front.sock.close()


def test_a_front_gets_so_many_children_and_no_more(owner: socket.socket) -> None:
    front = Front(owner)
    children = [front.child(number) for number in range(CHILDREN_MAX)]
    front.say(Fork(999))
    assert front.hear() == (NotForked(999), [])
    other = Front(owner)
    children.append(other.child(1))
    for _pid, sock, pidfd in children:
        close(sock, pidfd)
    front.sock.close()
    other.sock.close()


@pytest.mark.parametrize("raw", [b"nonsense", b"\x93", b"\x92\xa4\xffork\x01", msgspec.msgpack.encode(Join())])
def test_a_front_that_talks_nonsense_or_plays_the_owner_is_dropped(owner: socket.socket, raw: bytes) -> None:
    front = Front(owner)
    front.sock.send(raw)
    assert front.sock.recv(4096) == b""
    front.sock.close()
    other = Front(owner)
    close(*other.child(1)[1:])
    other.sock.close()


def test_a_zygote_that_ends_leaves_no_child_behind() -> None:
    process, own = start_zygote()
    with ended(process):
        front = Front(own)
        _pid, sock, pidfd = front.child(1)
        own.close()
        front.sock.close()  # the child's own socket is open still, as if another process held it
        assert select.select([pidfd], [], [], 10)[0]
        assert process.wait(10) == 0
        close(sock, pidfd)


def test_children_end_when_their_front_does(owner: socket.socket) -> None:
    front = Front(owner)
    _pid, sock, pidfd = front.child(1)
    front.sock.close()
    sock.close()  # what the end of a process does
    assert select.select([pidfd], [], [], 10)[0]
    os.close(pidfd)
