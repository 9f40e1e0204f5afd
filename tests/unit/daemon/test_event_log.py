from pathlib import Path

import pytest

from skrytka.daemon.event_log import Checkpoints, Heads, open_event_log
from skrytka.daemon.layout import Layout
from skrytka.model.clock import FixedClock
from skrytka.model.events import ServerStopping
from skrytka.model.settings import Events, Settings
from skrytka.store.events.checkpoint import read_checkpoints
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
