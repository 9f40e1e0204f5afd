import asyncio
import contextlib
import os
import resource
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from skrytka.daemon import control_server
from skrytka.daemon.binding import bind_control
from skrytka.daemon.control_server import ControlServer, name_of, peer_uid
from skrytka.mail.admin.commands.base import CommandDeps
from skrytka.model.actor import Actor, local_actor
from tests.support.logs import CountingLog

NOBODY = 65534  # of Debian


@pytest.fixture
def sock(tmp_path: Path) -> Iterator[socket.socket]:
    with bind_control(tmp_path / "control.sock") as bound:
        yield bound


def test_the_kernel_says_who_it_is() -> None:
    near, far = socket.socketpair(socket.AF_UNIX)
    with near, far:
        assert peer_uid(near) == os.geteuid()


@pytest.mark.parametrize(("uid", "name"), [(0, "local root"), (54321, "local uid 54321")])
def test_events_name_the_actor(uid: int, name: str) -> None:
    assert name_of(uid) == name


async def talk(path: Path) -> bytes:
    reader, writer = await asyncio.open_unix_connection(str(path))
    try:
        async with asyncio.timeout(5):
            return await reader.read(100)
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


async def serve(sock: socket.socket, path: Path, log: CountingLog, sessions: int) -> list[bytes]:
    server = asyncio.ensure_future(ControlServer(sock, cast("CommandDeps", None), log).run())
    try:
        return [await talk(path) for _ in range(sessions)]
    finally:
        server.cancel()
        await asyncio.gather(server, return_exceptions=True)


async def test_a_session_that_breaks_is_told_and_the_next_one_is_served(
    sock: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    actors: list[Actor] = []

    async def session(_reader: object, writer: asyncio.StreamWriter, _deps: object, actor: Actor) -> None:
        actors.append(actor)
        writer.write(b"hello")
        writer.close()
        if len(actors) == 1:
            raise RuntimeError("a bug")

    monkeypatch.setattr(control_server, "serve_control", session)
    log = CountingLog()
    assert await serve(sock, tmp_path / "control.sock", log, 2) == [b"hello", b"hello"]
    assert actors == [local_actor(name_of(os.getuid()))] * 2
    assert log.counts["BugCaught"] == 1


async def test_without_descriptors_it_waits_and_the_front_lives_on(
    sock: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def session(_reader: object, writer: asyncio.StreamWriter, _deps: object, _actor: str) -> None:
        writer.write(b"hello")
        writer.close()

    monkeypatch.setattr(control_server, "serve_control", session)
    monkeypatch.setattr(control_server, "ACCEPT_PAUSE_S", 0.01)
    log = CountingLog()
    server = asyncio.ensure_future(ControlServer(sock, cast("CommandDeps", None), log).run())
    await asyncio.sleep(0)
    with socket.socket(socket.AF_UNIX) as peer:
        peer.setblocking(False)
        with no_descriptors():
            peer.connect(str(tmp_path / "control.sock"))
            for _ in range(20):
                await asyncio.sleep(0.01)
        assert not server.done()
        async with asyncio.timeout(5):
            assert await asyncio.get_running_loop().sock_recv(peer, 100) == b"hello"
    assert log.counts["FaultRaised"] == 1
    server.cancel()
    await asyncio.gather(server, return_exceptions=True)


@contextlib.contextmanager
def no_descriptors() -> Iterator[None]:
    """All that this process may have are taken."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, before[1]))
    taken: list[int] = []
    try:
        with contextlib.suppress(OSError):
            while True:
                taken.append(os.dup(0))
        yield
    finally:
        for fd in taken:
            os.close(fd)
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.needs("root")
async def test_whoever_else_connects_is_shown_the_door_though_the_socket_is_open_to_all() -> None:
    """The kernel says who it is; the rights of the file, and that he is on this machine, say nothing."""
    log = CountingLog()
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as peer:
        path = Path(folder) / "control.sock"
        with bind_control(path) as bound:
            path.parent.chmod(0o755)
            path.chmod(0o777)
            server = asyncio.ensure_future(ControlServer(bound, cast("CommandDeps", None), log).run())
            os.seteuid(NOBODY)
            try:
                peer.connect(str(path))
            finally:
                os.seteuid(0)
            peer.setblocking(False)
            async with asyncio.timeout(20):
                assert await asyncio.get_running_loop().sock_recv(peer, 9) == b""
            server.cancel()
            await asyncio.gather(server, return_exceptions=True)
    assert not log.events


async def test_others_are_shown_the_door(sock: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control_server, "peer_uid", lambda _peer: 54321)
    log = CountingLog()
    assert await serve(sock, tmp_path / "control.sock", log, 1) == [b""]
    assert not log.events
