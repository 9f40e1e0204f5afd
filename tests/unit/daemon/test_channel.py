import asyncio
import os
import socket
from collections.abc import Iterator

import pytest

from skrytka.daemon import channel
from skrytka.daemon.channel import Channel
from skrytka.daemon.messages import (
    AnyMessage,
    Elsewhere,
    Failed,
    Faulty,
    Key,
    KeyRequest,
    Ready,
    Reload,
    Start,
    StoreSocket,
    Taken,
)
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.settings import Outbound, Route, Settings


class End:
    """One end with what it heard."""

    def __init__(self, sock: socket.socket) -> None:
        self.heard: list[AnyMessage] = []
        self.fds: list[int] = []
        self.ends = 0
        self.news = asyncio.Event()
        self.channel = Channel(sock, self.received, self.ended)

    def received(self, message: AnyMessage, fds: list[int]) -> None:
        self.heard.append(message)
        self.fds += fds
        self.news.set()

    def ended(self) -> None:
        self.ends += 1
        self.news.set()

    async def wait(self, count: int) -> None:
        async with asyncio.timeout(5):
            while len(self.heard) < count and not self.ends:
                self.news.clear()
                await self.news.wait()


@pytest.fixture
def socks() -> Iterator[tuple[socket.socket, socket.socket]]:
    near, far = channel.pair()
    yield near, far
    near.close()
    far.close()


async def test_messages_arrive_in_order_with_their_descriptors(socks: tuple[socket.socket, socket.socket]) -> None:
    near, far = End(socks[0]), End(socks[1])
    reader, writer = os.pipe()
    near.channel.send(Ready())
    near.channel.send(StoreSocket(front=3), [writer])
    os.close(writer)
    await far.wait(2)
    assert far.heard == [Ready(), StoreSocket(front=3)]
    os.write(far.fds[0], b"through")
    assert os.read(reader, 100) == b"through"
    assert not os.get_inheritable(far.fds[0])
    os.close(reader)
    os.close(far.fds[0])


async def test_more_than_the_socket_holds_waits_and_arrives(socks: tuple[socket.socket, socket.socket]) -> None:
    near = End(socks[0])
    for number in range(2000):
        near.channel.send(Faulty(detail=f"{number}" + "x" * 1000, is_permanent=False))
    far = End(socks[1])
    await far.wait(2000)
    assert [message.detail.rstrip("x") for message in far.heard if isinstance(message, Faulty)] == [
        str(number) for number in range(2000)
    ]


async def test_a_call_gets_the_answer_with_its_number(socks: tuple[socket.socket, socket.socket]) -> None:
    near, far = End(socks[0]), End(socks[1])
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(near.channel.call(lambda n: KeyRequest(call=n, subject="a"), Key))
        second = tasks.create_task(near.channel.call(lambda n: KeyRequest(call=n, subject="b"), Key))
        await far.wait(2)
        for request in reversed(far.heard):
            assert isinstance(request, KeyRequest)
            far.channel.send(Key(call=request.call, key=request.subject.encode()))
    assert (first.result().key, second.result().key) == (b"a", b"b")


@pytest.mark.parametrize(("is_transient", "kind"), [(True, TransientError), (False, PermanentError)])
async def test_a_failure_is_raised_as_it_was_meant(
    socks: tuple[socket.socket, socket.socket], is_transient: bool, kind: type[Exception]
) -> None:
    near, far = End(socks[0]), End(socks[1])
    async with asyncio.TaskGroup() as tasks:
        call = tasks.create_task(expect(near.channel, kind))
        await far.wait(1)
        far.channel.send(Failed(call=1, reason=Reason.CORRUPT.value, detail="why", is_transient=is_transient))
    assert call.result() == "corrupt: why"


async def expect(near: Channel, kind: type[Exception]) -> str:
    with pytest.raises(kind) as caught:
        await near.call(lambda n: KeyRequest(call=n, subject="a"), Key)
    return str(caught.value)


async def test_an_answer_of_another_kind_is_a_failure(socks: tuple[socket.socket, socket.socket]) -> None:
    near, far = End(socks[0]), End(socks[1])
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(expect(near.channel, TransientError))
        await far.wait(1)
        far.channel.send(Taken(call=1, is_allowed=True))


async def test_the_end_of_the_other_process_fails_what_waits(socks: tuple[socket.socket, socket.socket]) -> None:
    near = End(socks[0])
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(expect(near.channel, TransientError))
        await asyncio.sleep(0)
        socks[1].close()
    assert near.ends == 1
    assert not near.channel.is_open
    near.channel.send(Ready())
    await expect(near.channel, TransientError)


async def test_last_words_are_heard_before_it_closes(socks: tuple[socket.socket, socket.socket]) -> None:
    near = End(socks[0])
    channel.send_blocking(socks[1], Ready())
    socks[1].close()
    near.channel.finish()
    assert near.heard == [Ready()]
    assert near.ends == 1


async def test_silence_ends_a_call(socks: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "CALL_S", 0.01)
    near = End(socks[0])
    assert "does not answer" in await expect(near.channel, TransientError)


@pytest.mark.parametrize("raw", [b"\xc1", b"\x80", b"\x81\xa4type\xa5Start", b"\x81\xa4type\xa4Nope"])
async def test_what_is_no_message_ends_the_channel(socks: tuple[socket.socket, socket.socket], raw: bytes) -> None:
    near = End(socks[0])
    socks[1].send(raw)
    await near.wait(1)
    assert near.ends == 1
    assert near.heard == []


async def test_an_answer_nobody_waits_for_is_dropped(socks: tuple[socket.socket, socket.socket]) -> None:
    near = End(socks[0])
    channel.send_blocking(socks[1], Key(call=99, key=b"x"))
    channel.send_blocking(socks[1], Ready())
    await near.wait(1)
    assert near.heard == [Ready()]


async def test_a_child_that_does_not_read_is_given_up(
    socks: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel, "BACKLOG_MAX", 10)
    near = End(socks[0])
    for _ in range(2000):
        near.channel.send(Faulty(detail="x" * 1000, is_permanent=False))
    assert near.ends == 1


def test_blocking_ends_speak_the_same(socks: tuple[socket.socket, socket.socket]) -> None:
    channel.send_blocking(socks[0], Ready())
    assert channel.receive_blocking(socks[1]) == (Ready(), [])
    socks[0].close()
    assert channel.receive_blocking(socks[1]) is None


MANY = Settings(
    version=1,
    hostname="mail.example.test",
    outbound=Outbound(
        routes=tuple(Route(domain=f"d{number}.example.net", host="relay.example.net") for number in range(5000))
    ),
)


async def test_settings_of_any_size_arrive_with_their_descriptors(socks: tuple[socket.socket, socket.socket]) -> None:
    near, far = End(socks[0]), End(socks[1])
    before = len(os.listdir("/proc/self/fd"))
    reader, writer = os.pipe()
    start = Start(kind="front", number=0, root="/", settings=MANY, sockets=("smtp",))
    near.channel.send(start, [writer])
    near.channel.send(Reload(settings=MANY))
    os.close(writer)
    await far.wait(2)
    assert far.heard == [start, Reload(settings=MANY)]
    os.write(far.fds[0], b"through")
    assert os.read(reader, 100) == b"through"
    for fd in (reader, *far.fds):
        os.close(fd)
    assert len(os.listdir("/proc/self/fd")) == before


def test_blocking_ends_carry_settings_of_any_size(socks: tuple[socket.socket, socket.socket]) -> None:
    channel.send_blocking(socks[0], Reload(settings=MANY))
    assert channel.receive_blocking(socks[1]) == (Reload(settings=MANY), [])


@pytest.mark.parametrize("size", [-1, 0, 100, channel.ELSEWHERE_MAX_BYTES + 1])
@pytest.mark.parametrize("has_file", [False, True])
async def test_a_long_message_that_is_not_there_ends_the_channel(
    socks: tuple[socket.socket, socket.socket], size: int, has_file: bool
) -> None:
    near = End(socks[0])
    fds = [os.open(os.devnull, os.O_RDONLY)] if has_file else []
    channel.send_blocking(socks[1], Elsewhere(size=size), fds)
    for fd in fds:
        os.close(fd)
    await near.wait(1)
    assert (near.ends, near.heard) == (1, [])
