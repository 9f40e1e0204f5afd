import asyncio
import os
import sys
from pathlib import Path

import pytest

from skrytka.daemon import children
from skrytka.daemon.children import Child, child_command, child_environment
from skrytka.daemon.messages import AnyMessage

READY = "import socket,sys; s=socket.socket(fileno=int(sys.argv[2])); s.send(b'\\x81\\xa4type\\xa5Ready'); s.recv(1)"


class Parent:
    """Hears its child."""

    def __init__(self) -> None:
        self.heard: list[AnyMessage] = []
        self.news = asyncio.Event()
        self.is_over = asyncio.Event()

    def received(self, _child: Child, message: AnyMessage, _fds: list[int]) -> None:
        self.heard.append(message)
        self.news.set()

    def ended(self, _child: Child) -> None:
        self.is_over.set()


def child(program: str, *inherited: int) -> Child:
    return Child(
        "front-0", dict(os.environ), inherited, lambda name, fd: [sys.executable, "-c", program, name, str(fd)]
    )


async def reaped(one: Child) -> str:
    async with asyncio.timeout(10):
        while (status := one.reap()) is None:  # noqa: ASYNC110 - another process ends when it ends
            await asyncio.sleep(0.01)
        return status


async def test_a_child_is_heard_and_ends_with_its_channel() -> None:
    parent, one = Parent(), child(READY)
    to_child = one.start(parent.received, parent.ended, 0.0)
    async with asyncio.timeout(10):
        await parent.news.wait()
    assert type(parent.heard[0]).__name__ == "Ready"
    assert one.pid > 0
    to_child.close()
    assert await reaped(one) == "exit 0"
    assert one.pid == 0
    assert one.channel is None


@pytest.mark.parametrize(("program", "status"), [("raise SystemExit(3)", "exit 3"), (READY, "signal 9")])
async def test_how_it_ended_is_told(program: str, status: str) -> None:
    parent, one = Parent(), child(program)
    one.start(parent.received, parent.ended, 0.0)
    if status == "signal 9":
        one.kill()
    assert await reaped(one) == status
    assert parent.is_over.is_set()
    assert one.reap() is None
    one.kill()


async def test_it_inherits_what_it_is_given_and_nothing_else() -> None:
    reader, writer = os.pipe()
    kept, other = os.pipe()
    program = (
        "import os,sys\n"
        f"os.write({writer}, repr([os.path.exists(f'/proc/self/fd/{{n}}') for n in ({writer}, {kept})]).encode())"
    )
    parent, one = Parent(), child(program, writer)
    one.start(parent.received, parent.ended, 0.0)
    assert await reaped(one) == "exit 0"
    assert os.read(reader, 100) == b"[True, False]"
    for fd in (reader, writer, kept, other):
        os.close(fd)


async def test_the_pause_before_a_new_start_doubles_and_is_forgotten_after_a_steady_minute() -> None:
    parent, one = Parent(), child("")
    one.start(parent.received, parent.ended, 100.0)
    await reaped(one)
    pauses = [one.backoff_s(100.0) for _ in range(12)]
    assert pauses[:4] == [0.05, 0.1, 0.2, 0.4]
    assert pauses[-1] == children.BACKOFF_MAX_S
    assert one.backoff_s(100.0 + children.STEADY_S) == children.BACKOFF_FIRST_S
    assert one.failures == 1


async def test_a_program_that_is_not_there_leaves_no_channel() -> None:
    parent = Parent()
    one = Child("front-0", {}, (), lambda _name, _fd: ["/no/such/program"])
    pauses = []
    for _ in range(3):
        with pytest.raises(FileNotFoundError):
            one.start(parent.received, parent.ended, 1000.0)
        pauses.append(one.backoff_s(1000.0))
    assert one.channel is None
    assert pauses == [0.05, 0.1, 0.2], "also when there never was a process"


def test_children_are_this_package_and_import_nothing_from_the_current_folder(tmp_path: Path) -> None:
    command = child_command("front-0", 5)
    assert command == [sys.executable, "-P", "-m", "skrytka.daemon.child", "front-0", "5"]
    environment = child_environment(str(tmp_path / "openssl.cnf"))
    assert environment["OPENSSL_CONF"] == str(tmp_path / "openssl.cnf")
    assert environment["PATH"] == os.environ["PATH"]
    assert int(environment["MALLOC_MMAP_THRESHOLD_"]) < 19 * 1024**2  # a password hash


async def test_silence_counts_from_readiness_and_ends_with_a_word() -> None:
    parent, one = Parent(), child(READY)
    assert not one.hangs(1000)
    one.start(parent.received, parent.ended, 0.0)
    assert not one.hangs(1000), "it may take its time to start"
    async with asyncio.timeout(10):
        await parent.news.wait()
    one.is_ready = True
    assert not one.hangs(children.SILENT_S / 2)
    assert one.hangs(children.SILENT_S / 2)
    one.kill()
    assert not one.hangs(1)
    assert await reaped(one) == "signal 9"
