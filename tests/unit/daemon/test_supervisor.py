import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from skrytka.daemon import children, supervisor
from skrytka.daemon.channel import Channel
from skrytka.daemon.children import Child
from skrytka.daemon.notify import Notifier
from skrytka.daemon.prepare import Prepared, prepare
from skrytka.daemon.supervisor import Supervisor
from skrytka.store.system import SystemClock, SystemRandom
from tests.support import installations
from tests.support.logs import CountingLog
from tests.support.ports import free_block

FAKE = Path(__file__).resolve().parents[2] / "support" / "fake_child.py"
ZYGOTE = FAKE.with_name("fake_zygote.py")
PORT = free_block()


class Running:
    """A supervisor with fake children, as a task of the test."""

    def __init__(self, prepared: Prepared, notifier: Notifier | None = None) -> None:
        self.root = prepared.layout.root
        self.said: list[str] = []
        self.complaints: list[str] = []
        self.events = CountingLog()
        self.supervisor = Supervisor(
            prepared,
            SystemClock(),
            self.events,
            self.said.append,
            self.complaints.append,
            command=lambda name, fd: [sys.executable, "-P", str(FAKE), name, str(fd)],
            zygote=lambda fd: [sys.executable, "-S", "-P", str(ZYGOTE), str(fd)],
            notifier=notifier,
        )
        self.task = asyncio.get_running_loop().create_task(self.supervisor.run())

    async def until(self, text: str) -> None:
        """Wait until something was said or complained of."""
        async with asyncio.timeout(15):
            while not any(text in line for line in self.said + self.complaints):
                if self.task.done():
                    self.task.result()
                await asyncio.sleep(0.01)

    async def until_log(self, name: str, line: str, count: int) -> None:
        """Wait until a child has heard something so often."""
        async with asyncio.timeout(10):
            while self.log(name).count(line) < count:  # noqa: ASYNC110 - another process writes the file
                await asyncio.sleep(0.01)

    def log(self, name: str) -> list[str]:
        return (self.root / f"log-{name}").read_text().splitlines()

    async def stop(self) -> int:
        os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(15):
            return await self.task


def order(root: Path, name: str, words: str) -> None:
    (root / f"fake-{name}").write_text(words)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    installations.make_confirmed(tmp_path / "s", ports={"smtp": PORT, "imap": PORT + 1, "imaps": PORT + 2})
    return tmp_path / "s"


@pytest.fixture
async def prepared(root: Path) -> AsyncIterator[Prepared]:
    ready = prepare(root / "skrytka.toml", SystemClock(), SystemRandom())
    yield ready
    ready.close()


async def test_ready_is_said_once_when_every_child_is_ready(prepared: Prepared) -> None:
    running = Running(prepared)
    await running.until("ready")
    assert running.said == [running.supervisor._ready_line()]
    assert running.said[0].startswith("ready ")
    assert f"smtp=127.0.0.1:{PORT}" in running.said[0]
    assert await running.stop() == 0


async def test_only_the_first_front_gets_the_control_socket(prepared: Prepared) -> None:
    running = Running(prepared)
    await running.until("ready")
    await running.stop()
    assert running.log("front-0")[0] == "start smtp,imaps,imap,control"
    assert running.log("front-1")[0] == "start smtp,imaps,imap"
    assert running.log("store")[0].strip() == "start"


async def test_every_front_gets_a_socket_to_the_store(prepared: Prepared) -> None:
    running = Running(prepared)
    await running.until("ready")
    await running.stop()
    assert running.log("store").count("StoreSocket 1") == 2
    assert running.log("front-1").count("StoreSocket 1") == 1


async def test_keys_and_limits_are_answered(prepared: Prepared) -> None:
    order(prepared.layout.root, "front-1", "talk")
    running = Running(prepared)
    await running.until("ready")
    await running.stop()
    answers = [line for line in running.log("front-1") if line.startswith("answer")]
    assert answers == ["answer Key", "answer Failed", "answer Key", "answer True", "answer False"]


async def test_a_killed_front_is_started_again_and_connected(prepared: Prepared) -> None:
    running = Running(prepared)
    await running.until("ready")
    await running.until_log("front-1", "StoreSocket 1", 1)
    os.kill(running.supervisor._fronts[1].pid, signal.SIGKILL)
    await running.until("signal 9")
    await running.until_log("front-1", "StoreSocket 1", 2)
    assert await running.stop() == 0
    assert running.events.counts["ChildEnded"] == 1


async def test_every_front_gets_a_socket_to_the_inspectors_and_another_when_they_die(prepared: Prepared) -> None:
    running = Running(prepared)
    await running.until("ready")
    for name in ("front-0", "front-1"):
        await running.until_log(name, "InspectorSocket 1", 1)
    zygote = running.supervisor._inspectors.pid
    os.kill(zygote, signal.SIGKILL)
    await running.until(f"the inspectors (pid {zygote}) ended: signal 9")
    for name in ("front-0", "front-1"):
        await running.until_log(name, "InspectorSocket 1", 2)
    assert await running.stop() == 0
    assert not running.supervisor._inspectors._process or running.supervisor._inspectors._process.returncode == 0
    assert running.events.counts["ChildEnded"] == 1


@pytest.mark.parametrize("name", ["store", "front-1"])
async def test_a_child_that_says_nothing_for_long_is_killed_and_replaced(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(supervisor, "WATCH_S", 0.01)
    running = Running(prepared)
    await running.until("ready")
    (child,) = [child for child in running.supervisor._children if child.name == name]
    child.silent_s = children.SILENT_S
    await running.until(f"{name} (pid {child.pid}) said nothing for 60 s: killed")
    await running.until(f"{name} (pid")
    await running.until("ended: signal 9")
    assert await running.stop() == 0
    assert running.events.counts["FaultRaised"] == 1


async def test_a_disk_that_takes_no_events_is_said_where_it_can_be_said(prepared: Prepared) -> None:
    running = Running(prepared)
    await running.until("ready")
    running.events.is_failing = True
    await running.until("takes no events; they wait in memory")
    running.events.is_failing = False
    await running.until("takes events again")
    assert await running.stop() == 0
    assert len([line for line in running.complaints if "events" in line]) == 2


async def test_a_new_store_process_is_connected_to_every_front(prepared: Prepared) -> None:
    running = Running(prepared)
    await running.until("ready")
    await running.until_log("front-0", "StoreSocket 1", 1)
    await running.until_log("front-1", "StoreSocket 1", 1)
    os.kill(running.supervisor._store.pid, signal.SIGKILL)
    await running.until_log("front-0", "StoreSocket 1", 2)
    await running.until_log("front-1", "StoreSocket 1", 2)
    assert await running.stop() == 0


async def test_a_child_that_never_starts_ends_the_first_start(prepared: Prepared) -> None:
    order(prepared.layout.root, "front-0", "die")
    running = Running(prepared)
    async with asyncio.timeout(15):
        assert await running.task == supervisor.EXIT_FAILED
    assert running.said == []
    assert any("exit 3" in line for line in running.complaints)


async def test_a_start_that_the_machine_refuses_is_tried_again(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = Child.start
    refused: list[str] = []

    def refuse_once(child: Child, *arguments: Any) -> Channel:
        if not refused:
            refused.append(child.name)
            raise OSError(11, "Resource temporarily unavailable")
        return start(child, *arguments)

    monkeypatch.setattr(Child, "start", refuse_once)
    running = Running(prepared)
    await running.until("ready")
    assert any("store cannot be started: Resource" in line for line in running.complaints)
    assert await running.stop() == 0


async def test_fronts_end_before_the_store(prepared: Prepared) -> None:
    running = Running(prepared)
    await running.until("ready")
    ended: list[str] = []
    for child in running.supervisor._children:
        reap = child.reap

        def noted(reap=reap, name=child.name):  # type: ignore[no-untyped-def]
            if (status := reap()) is not None:
                ended.append(name)
            return status

        child.reap = noted  # type: ignore[method-assign]
    await running.stop()
    assert sorted(ended[:2]) == ["front-0", "front-1"]
    assert ended[2:] == ["store"]


async def test_a_child_that_does_not_drain_is_killed(prepared: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "DRAIN_S", 0.1)
    monkeypatch.setattr(supervisor, "DRAIN_GRACE_S", 0.1)
    order(prepared.layout.root, "front-0", "deaf")
    running = Running(prepared)
    await running.until("ready")
    assert await running.stop() == 0
    assert any("killed" in line for line in running.complaints)


async def test_hup_sends_new_settings_and_says_what_waits(prepared: Prepared) -> None:
    running = Running(prepared)
    await running.until("ready")
    path = prepared.config.path
    path.write_text(path.read_text().replace("mail.example.test", "mx.example.test") + "\n[login]\nwindow_s = 5\n")
    os.kill(os.getpid(), signal.SIGHUP)
    await running.until("after a restart only: hostname")
    await running.until("front-1: told")
    await running.stop()
    assert "Reload 0" in running.log("front-1")


async def test_hup_with_bad_settings_keeps_the_old_ones(prepared: Prepared) -> None:
    running = Running(prepared)
    await running.until("ready")
    before = running.supervisor._settings
    prepared.config.path.write_text("version = 1\n")
    os.kill(os.getpid(), signal.SIGHUP)
    await running.until("stay as they were")
    assert running.supervisor._settings is before
    assert await running.stop() == 0
    assert "Reload 0" not in running.log("front-1")


async def test_systemd_is_told_of_start_reload_and_end(prepared: Prepared, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.setblocking(False)
        running = Running(prepared, Notifier(str(tmp_path / "notify"), SystemClock()))
        await running.until("ready")
        os.kill(os.getpid(), signal.SIGHUP)
        await running.until("settings reloaded")
        await running.stop()
        told = [systemd.recv(1000).split(b"\n")[0] for _ in range(4)]
    assert told == [b"READY=1", b"RELOADING=1", b"READY=1", b"STOPPING=1"]
