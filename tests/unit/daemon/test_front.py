import asyncio
import os
import socket
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from skrytka.daemon import channel, config, front, services
from skrytka.daemon.channel import Channel
from skrytka.daemon.desk import Desk
from skrytka.daemon.front import Front
from skrytka.daemon.messages import (
    AnyMessage,
    Drain,
    InspectorsLost,
    InspectorSocket,
    Ready,
    Reload,
    Reloaded,
    Start,
    StoreSocket,
)
from skrytka.daemon.prepare import prepare
from skrytka.daemon.store_child import run_store_child
from skrytka.inspect.spawn import join, start_zygote
from skrytka.store.events.verify import verify
from skrytka.store.system import SystemClock, SystemRandom
from tests.support import installations
from tests.support.logs import CountingLog
from tests.support.ports import free_block

PORT = free_block()


class World:
    """The test is the supervisor; the store process is a thread, the front a task."""

    def __init__(self, root: Path) -> None:
        self.prepared = prepare(root / "skrytka.toml", SystemClock(), SystemRandom())
        self.settings = self.prepared.config.settings
        self.desk = Desk(self.prepared, SystemClock(), SystemRandom(), CountingLog())
        self.heard: list[AnyMessage] = []
        self.news = asyncio.Event()
        self.stores: list[tuple[socket.socket, threading.Thread]] = []
        near, far = channel.pair()
        self.channel = Channel(near, self._received, lambda: None)
        sockets = [(name, sock) for name, socks in self.prepared.bound.by_service.items() for sock in socks]
        sockets.append(("control", self.prepared.control))
        start = Start(
            kind="front",
            number=0,
            root=str(root),
            settings=self.settings,
            sockets=tuple(name for name, _sock in sockets),
            is_keeper=True,
        )
        self.zygote, self.zygote_socket = start_zygote()
        self.front = Front(start, far, [os.dup(sock.fileno()) for _name, sock in sockets])
        self.task = asyncio.ensure_future(self.front.run())
        with join(self.zygote_socket) as theirs:
            self.channel.send(InspectorSocket(number=1), [theirs.fileno()])

    def _received(self, message: AnyMessage, _fds: list[int]) -> None:
        self.heard.append(message)
        self.news.set()
        if (
            not isinstance(message, Ready | Reloaded | InspectorsLost)
            and (answer := self.desk.answer("front-0", message)) is not None
        ):
            self.channel.send(answer)

    async def until(self, kind: type[AnyMessage]) -> None:
        async with asyncio.timeout(15):
            while not any(isinstance(message, kind) for message in self.heard):
                if self.task.done():
                    self.task.result()
                self.news.clear()
                await asyncio.wait([self.task, asyncio.ensure_future(self.news.wait())], return_when="FIRST_COMPLETED")

    async def start_store(self) -> None:
        near, far = channel.pair()
        start = Start(kind="store", number=0, root=str(self.prepared.layout.root), settings=self.settings)

        def run() -> None:
            with far:
                run_store_child(start, far)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        assert await asyncio.to_thread(channel.receive_blocking, near) == (Ready(), [])
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with ours, theirs:
            channel.send_blocking(near, StoreSocket(), [theirs.fileno()])
            self.channel.send(StoreSocket(), [ours.fileno()])
        self.stores.append((near, thread))

    async def stop_store(self) -> None:
        near, thread = self.stores.pop()
        near.close()
        await asyncio.to_thread(thread.join)

    async def close(self) -> None:
        self.channel.close()
        await asyncio.wait([self.task], timeout=15)
        while self.stores:
            await self.stop_store()
        self.zygote_socket.close()
        await asyncio.to_thread(self.zygote.wait, 10)
        self.prepared.close()


@pytest.fixture
async def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setattr(services, "prove", lambda _store: None)  # needs OPENSSL_CONF in the environment
    monkeypatch.setattr(front, "DRAIN_S", 0.2)
    ports = {"smtp": PORT, "imap": PORT + 1, "imaps": PORT + 2}
    layout = installations.make_confirmed(tmp_path / "s", ports=ports)
    world = World(layout.root)
    yield world
    await world.close()


async def greeting(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(10):
            return await reader.readline()
    finally:
        writer.close()


async def test_it_serves_once_the_store_is_there_and_ends_when_drained(world: World) -> None:
    await world.start_store()
    await world.until(Ready)
    assert (await greeting(PORT)).startswith(b"220 mail.example.test ESMTP")
    assert (await greeting(PORT + 1)).startswith(b"* OK")
    world.channel.send(Drain(seconds=1.0))
    async with asyncio.timeout(10):
        await world.task
    report = verify(world.prepared.layout.events)
    assert report.events >= 4
    assert report.is_sound


async def test_the_control_socket_answers(world: World) -> None:
    from skrytka.daemon.admin_client import ask

    await world.start_store()
    await world.until(Ready)
    layout = world.prepared.layout
    assert await asyncio.to_thread(ask, layout, "ping", {}, print) == "ready"
    added = await asyncio.to_thread(ask, layout, "domain.add", {"domain": "example.test"}, print)
    assert added["name"] == "example.test"


async def test_a_new_store_process_is_taken_up(world: World) -> None:
    from skrytka.daemon.admin_client import ask

    await world.start_store()
    await world.until(Ready)
    await world.stop_store()
    await world.start_store()
    added = await asyncio.to_thread(ask, world.prepared.layout, "domain.add", {"domain": "example.test"}, print)
    assert added["name"] == "example.test"


async def test_the_end_of_the_supervisor_ends_it(world: World) -> None:
    await world.start_store()
    await world.until(Ready)
    world.channel.close()
    async with asyncio.timeout(10):
        await world.task


async def test_what_fails_outside_of_a_session_is_an_event_and_not_a_text(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Fragile:
        def __del__(self) -> None:
            raise LookupError("secret of the peer")

    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)  # put back afterwards
    world.front.catch_strays()
    Fragile()
    asyncio.get_running_loop().call_soon(divmod, 1, 0)
    await world.start_store()
    await world.until(Ready)
    world.channel.close()
    await world.task
    text = "".join(path.read_text() for path in world.prepared.layout.events.glob("*/system.jsonl"))
    assert text.count('"bug_caught"') == 2
    assert "LookupError" in text
    assert "ZeroDivisionError" in text
    assert "secret" not in text + capsys.readouterr().err


async def test_it_ends_without_ever_having_seen_a_store(world: World) -> None:
    world.channel.close()
    async with asyncio.timeout(10):
        await world.task


async def test_a_reload_is_answered_also_when_it_is_refused(world: World) -> None:
    await world.start_store()
    await world.until(Ready)
    fresh = config.load(world.prepared.config.path).settings
    world.channel.send(Reload(settings=fresh))
    await world.until(Reloaded)
    assert world.heard[-1] == Reloaded()
    world.heard.clear()
    (world.prepared.layout.root / "keys/tls/server.pem").write_text("broken")
    world.channel.send(Reload(settings=fresh))
    await world.until(Reloaded)
    assert "the old certificates stay" in str(world.heard)
