import os
from pathlib import Path

import pytest

from skrytka.daemon.event_log import Checkpoints, open_event_log
from skrytka.daemon.layout import Layout
from skrytka.model.clock import FixedClock
from skrytka.model.events import ServerStopping, SessionClosed
from skrytka.model.settings import Events, Settings
from skrytka.store.events import retention
from skrytka.store.events.checkpoint import Heads, read_checkpoints
from skrytka.store.events.files import event_files
from skrytka.store.events.verify import verify
from skrytka.store.system import SystemRandom
from tests.support.logs import CountingLog

FRONT: Heads = {"front-0.A.mail": (3, "aa")}


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path)
    for folder in layout.writable:
        folder.mkdir()
    return layout


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def log() -> CountingLog:
    return CountingLog()


@pytest.fixture
def checkpoints(layout: Layout, clock: FixedClock, log: CountingLog) -> Checkpoints:
    return Checkpoints(layout, Settings(version=1, hostname="mail.example.test"), clock, log)


def signed(layout: Layout) -> list[Heads]:
    return [line.body().heads for line in read_checkpoints(layout.events)]


def test_the_heads_of_all_processes_are_signed_once_a_minute(
    layout: Layout, checkpoints: Checkpoints, clock: FixedClock, log: CountingLog
) -> None:
    log.emit(ServerStopping(cause="test"))
    checkpoints.report("front-0", FRONT)
    checkpoints.tick()
    assert signed(layout) == []
    clock.advance(60)
    checkpoints.tick()
    checkpoints.tick()
    assert signed(layout) == [{"test.chain": (1, "00")} | FRONT]
    assert log.counts["ChainCheckpoint"] == 1


def test_the_last_heads_of_a_process_that_ended_are_signed_once_more(layout: Layout, checkpoints: Checkpoints) -> None:
    checkpoints.report("front-0", FRONT)
    checkpoints.ended("front-0")
    checkpoints.report("front-0", {"front-0.B.mail": (1, "bb")})  # its successor
    checkpoints.sign()
    assert signed(layout)[-1] == FRONT | {"front-0.B.mail": (1, "bb")}
    checkpoints.report("front-0", {"front-0.B.mail": (2, "cc")})
    checkpoints.ended("front-0")
    checkpoints.sign()
    checkpoints.sign()
    assert "front-0.A.mail" not in signed(layout)[1]
    assert "front-0.B.mail" in signed(layout)[1]
    assert "front-0.B.mail" not in signed(layout)[2]


def test_an_unknown_process_may_end(checkpoints: Checkpoints) -> None:
    checkpoints.ended("store")
    checkpoints.sign()


def test_a_disk_that_refuses_is_told_once(
    layout: Layout, checkpoints: Checkpoints, log: CountingLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoints._signer, "sign", refuse)
    checkpoints.sign()
    checkpoints.sign()
    assert log.counts["FaultRaised"] == 1
    monkeypatch.undo()
    checkpoints.sign()
    assert log.counts["ChainCheckpoint"] == 1
    assert layout.events.is_dir()


def test_the_anchor_gets_a_copy(layout: Layout, clock: FixedClock, log: CountingLog) -> None:
    settings = Settings(version=1, hostname="mail.example.test", events=Events(anchor_file="anchor.jsonl"))
    Checkpoints(layout, settings, clock, log).sign()
    assert (layout.root / "anchor.jsonl").read_bytes() == (layout.events / "checkpoints.jsonl").read_bytes()


async def test_what_a_process_wrote_verifies_with_its_checkpoint(layout: Layout, clock: FixedClock) -> None:
    writer = open_event_log(layout, "supervisor", clock, SystemRandom())
    checkpoints = Checkpoints(layout, Settings(version=1, hostname="mail.example.test"), clock, writer)
    writer.emit(ServerStopping(cause="test"))
    await writer.flush()
    checkpoints.sign()
    await writer.flush()
    report = verify(layout.events)
    assert report.problems == []
    assert (report.events, report.checkpoints, report.unsigned) == (2, 1, 1)


DAY_MS = 86_400_000


async def old_log(layout: Layout, clock: FixedClock, log: CountingLog) -> Checkpoints:
    """One event of mail, a hundred days old and signed."""
    settings = Settings(version=1, hostname="mail.example.test", events=Events(mail_days=99))
    checkpoints = Checkpoints(layout, settings, clock, log)
    writer = open_event_log(layout, "front-0", clock, SystemRandom())
    writer.emit(SessionClosed(service="mx", cause="quit"))
    await writer.flush()
    checkpoints.report("front-0", writer.heads())
    checkpoints.ended("front-0")
    (path,) = event_files(layout.events)
    os.utime(path, (clock.now_ms() / 1000,) * 2)
    log.heads = dict  # type: ignore[method-assign]
    checkpoints.sign()
    clock.advance(100 * DAY_MS / 1000)
    return checkpoints


async def test_old_files_are_signed_away_then_removed_and_told(
    layout: Layout, clock: FixedClock, log: CountingLog
) -> None:
    checkpoints = await old_log(layout, clock, log)
    await checkpoints.retire(clock.now_ms() - 2 * DAY_MS)
    assert len(event_files(layout.events)) == 1
    await checkpoints.retire(clock.now_ms())
    assert event_files(layout.events) == []
    assert not list(layout.events.glob("20*"))
    assert log.counts["EventsRetired"] == 1
    report = verify(layout.events)
    assert (report.problems, report.retired, report.checkpoints) == ([], 1, 3)
    await checkpoints.retire(clock.now_ms())
    assert verify(layout.events).checkpoints == 3, "once a day"


async def test_a_disk_that_keeps_old_files_is_a_fault_and_the_next_time_goes_on(
    layout: Layout, clock: FixedClock, log: CountingLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoints = await old_log(layout, clock, log)

    def refuse(_: object) -> None:
        raise OSError(30, "Read-only file system")

    with monkeypatch.context() as patch:
        patch.setattr(retention, "remove", refuse)
        await checkpoints.retire(clock.now_ms())
    assert log.counts["FaultRaised"] == 1
    assert verify(layout.events).problems == []
    await checkpoints.retire(clock.now_ms())
    assert event_files(layout.events) == []
    assert verify(layout.events).problems == []


async def test_a_damaged_checkpoint_is_a_fault_and_stops_neither_retention_nor_a_start(
    layout: Layout, clock: FixedClock, log: CountingLog, checkpoints: Checkpoints
) -> None:
    log.emit(ServerStopping(cause="test"))
    checkpoints.sign()
    path = layout.events / "checkpoints.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"number"', b'"nomber"'))
    await checkpoints.retire(clock.now_ms())
    assert log.counts["FaultRaised"] == 1
    again = Checkpoints(layout, Settings(version=1, hostname="mail.example.test"), clock, log)
    again.sign()
    assert log.counts["ChainCheckpoint"] == 2
    assert verify(layout.events).problems
