"""inspect/link.py: a front's end of a child, the child played by the test."""

import asyncio
import os
import socket
import subprocess
from collections.abc import AsyncIterator

import pytest

from skrytka.inspect import wire
from skrytka.inspect.link import ChildLink
from skrytka.inspect.memory import MessageMemory
from skrytka.model.framing import frame
from tests.support.inspectors import until


class Owner:
    def __init__(self) -> None:
        self.answers: list[tuple[bytes, bytes]] = []
        self.losses: list[str] = []

    def answered(self, link: ChildLink, status: bytes, payload: bytes) -> None:
        self.answers.append((status, payload))

    def lost(self, link: ChildLink, why: str) -> None:
        self.losses.append(why)


class Played:
    """The pool's end, and the child's end."""

    def __init__(self) -> None:
        self.owner = Owner()
        ours, self.child = socket.socketpair()
        self.child.setblocking(False)
        self.process = subprocess.Popen(["sleep", "60"])  # ends when it is killed
        self.link = ChildLink(ours, os.pidfd_open(self.process.pid), 3, self.process.pid, self.owner)

    async def received(self, size: int) -> bytes:
        loop = asyncio.get_running_loop()
        data = b""
        while len(data) < size:
            data += await loop.sock_recv(self.child, size - len(data))
        return data

    def status(self) -> int:
        return self.process.wait(10)


@pytest.fixture
async def played() -> AsyncIterator[Played]:
    made = Played()
    yield made
    if made.link.is_open:
        made.link.kill()
        made.status()
    made.child.close()


async def test_a_child_that_is_gone_takes_no_job(played: Played) -> None:
    played.child.close()
    assert not played.link.send("echo", b"hello")
    assert played.link.jobs == 0
    await until(lambda: played.owner.losses == [""])
    played.status()


async def test_a_job_goes_out_and_its_answer_comes_back_however_cut(played: Played) -> None:
    played.link.send("echo", b"hello")
    head = b"\x93\xa4echo\x05\xc2"
    assert await played.received(4 + len(head) + 5) == frame(head) + b"hello"
    for byte in frame(wire.OK + b"answer"):
        played.child.send(bytes([byte]))
        await asyncio.sleep(0)
    await until(lambda: bool(played.owner.answers))
    assert played.owner.answers == [(wire.OK, b"answer")]
    assert played.link.jobs == 1


async def test_a_message_larger_than_the_socket_takes_follows(played: Played) -> None:
    message = os.urandom(3_000_000)
    played.link.send("echo", message)
    whole = await played.received(4 + 12 + len(message))
    assert whole.endswith(message)


async def test_a_memory_goes_as_a_descriptor(played: Played) -> None:
    with MessageMemory() as memory:
        memory.write(b"large")
        memory.seal()
        played.link.send("echo", memory)
    await until(lambda: True)
    raw, fds, _flags, _address = socket.recv_fds(played.child, 100, 1)
    assert raw == frame(b"\x93\xa4echo\x05\xc3")
    assert os.pread(fds[0], 10, 0) == b"large"
    os.close(fds[0])


async def test_a_child_that_closes_its_socket_is_lost_once_and_killed(played: Played) -> None:
    played.child.close()
    await until(lambda: bool(played.owner.losses))
    assert played.owner.losses == [""]
    assert not played.link.is_open
    assert played.status() == -9


async def test_a_frame_too_large_ends_a_child(played: Played) -> None:
    played.child.send((wire.ANSWER_MAX_BYTES + 1).to_bytes(4, "big"))
    await until(lambda: bool(played.owner.losses))
    assert played.owner.losses == [f"frame of {wire.ANSWER_MAX_BYTES + 1} bytes"]
    assert played.status() == -9


async def test_descriptors_that_a_child_sends_are_not_taken(played: Played) -> None:
    before = len(os.listdir("/proc/self/fd"))
    socket.send_fds(played.child, [frame(wire.OK)], [0, 1, 2])
    await until(lambda: bool(played.owner.answers))
    assert len(os.listdir("/proc/self/fd")) == before


async def test_nothing_is_heard_after_close(played: Played) -> None:
    played.child.send(frame(wire.OK) * 3)
    played.link.close()
    played.link.close()
    await asyncio.sleep(0)
    assert not played.owner.answers
    assert not played.owner.losses
    played.process.kill()
    assert played.status() == -9
