"""store/events/writer.py."""

import asyncio
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from skrytka.model.clock import FixedClock
from skrytka.model.events import ServerStarted
from skrytka.store.events import writer as writer_module
from skrytka.store.events.checkpoint import CheckpointSigner
from skrytka.store.events.files import event_files, read_lines
from skrytka.store.events.verify import verify
from skrytka.store.events.writer import EventWriter, append_synced
from skrytka.store.system import SystemRandom
from tests.unit.store.events.conftest import received

DAY_S = 86_400


async def test_events_go_to_files_by_day_and_class(tmp_path: Path, clock: FixedClock, random: SystemRandom) -> None:
    writer = EventWriter(tmp_path, "front-1", clock, random)
    writer.emit(received())
    writer.emit(ServerStarted(version="1", fronts=2))
    clock.advance(DAY_S)
    writer.emit(received())
    await writer.flush()
    names = [str(path.relative_to(tmp_path)) for path in event_files(tmp_path)]
    assert names == ["2026-11-22/mail.jsonl", "2026-11-22/system.jsonl", "2026-11-23/mail.jsonl"]
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in event_files(tmp_path))
    report = verify(tmp_path)
    assert (report.events, report.chains, report.problems) == (3, 2, [])


async def test_two_processes_write_one_file_with_a_chain_each(
    tmp_path: Path, clock: FixedClock, random: SystemRandom
) -> None:
    one, two = (EventWriter(tmp_path, name, clock, random) for name in ("front-1", "front-2"))
    for _ in range(3):
        one.emit(received())
        two.emit(received())
        await one.flush()
        await two.flush()
    report = verify(tmp_path)
    assert (report.events, report.chains, report.problems) == (6, 2, [])


async def test_events_wait_while_the_disk_is_full_and_none_is_lost(
    tmp_path: Path, clock: FixedClock, random: SystemRandom, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = EventWriter(tmp_path, "front-1", clock, random)
    real_write = os.write

    def full(descriptor: int, data: Any) -> int:
        if len(data) > 10:
            return real_write(descriptor, data[:10])  # a torn write first
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        writer.emit(received())
        await writer.flush()
        assert event_files(tmp_path)[0].stat().st_size == 0
    await writer.flush()
    kinds = [read.header.kind for path in event_files(tmp_path) for read in read_lines(path) if read.header]
    assert sorted(kinds) == ["fault_raised", "message_received"]
    assert verify(tmp_path).problems == []


async def test_a_disk_with_room_for_some_files_only_is_told_of_once(
    tmp_path: Path, clock: FixedClock, random: SystemRandom, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_append = writer_module.append_synced

    def only_system(path: Path, data: bytes) -> None:
        if path.name != "system.jsonl":
            raise OSError(28, "No space left on device")
        real_append(path, data)

    writer = EventWriter(tmp_path, "front-1", clock, random)
    with monkeypatch.context() as patch:
        patch.setattr(writer_module, "append_synced", only_system)
        for _ in range(5):
            writer.emit(received())
            await writer.flush()
    await writer.flush()
    kinds = [read.header.kind for path in event_files(tmp_path) for read in read_lines(path) if read.header]
    assert sorted(kinds) == ["fault_raised", *["message_received"] * 5]


async def test_without_memory_for_a_thread_events_wait(
    tmp_path: Path, clock: FixedClock, random: SystemRandom, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = EventWriter(tmp_path, "front-1", clock, random)
    writer.emit(received())

    async def refuse(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(asyncio, "to_thread", refuse)
        await writer.flush()
    await writer.flush()
    report = verify(tmp_path)
    assert (report.events, report.problems) == (2, [])


async def test_what_a_pool_kept_when_it_had_no_thread_is_not_written_twice(
    tmp_path: Path, clock: FixedClock, random: SystemRandom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``submit`` queues the work before it starts the thread, so a free one may find it later."""
    writer = EventWriter(tmp_path, "front-1", clock, random)
    writer.emit(received())
    kept: list[Callable[[], object]] = []

    async def keep(work: Callable[..., object], *arguments: object) -> None:
        kept.append(partial(work, *arguments))
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(asyncio, "to_thread", keep)
        await writer.flush()
    kept[0]()
    await writer.flush()
    kept[0]()
    report = verify(tmp_path)
    assert (report.events, report.problems) == (2, [])  # and the fault


async def test_memory_that_ends_behind_the_write_makes_nothing_twice(
    tmp_path: Path, clock: FixedClock, random: SystemRandom, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = EventWriter(tmp_path, "front-1", clock, random)
    writer.emit(received())

    async def run_dry(work: Callable[..., object], *arguments: object) -> None:
        work(*arguments)
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(asyncio, "to_thread", run_dry)
        await writer.flush()
    writer.emit(received())
    await writer.flush()
    report = verify(tmp_path)
    assert (report.events, report.problems) == (2, [])


@pytest.mark.parametrize("error", [OSError, MemoryError])
async def test_a_new_file_whose_folder_cannot_be_synced_has_nothing_in_it(
    tmp_path: Path, clock: FixedClock, random: SystemRandom, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    writer = EventWriter(tmp_path, "front-1", clock, random)
    writer.emit(received())

    def refuse(_path: Path) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(writer_module, "sync_folder", refuse)
        await writer.flush()
    assert writer.is_failing
    await writer.flush()
    report = verify(tmp_path)
    assert (report.events, report.problems) == (2, [])


async def test_beyond_the_bound_events_are_counted_and_told(
    tmp_path: Path, clock: FixedClock, random: SystemRandom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "WAITING_MAX_BYTES", 100)
    writer = EventWriter(tmp_path, "front-1", clock, random)
    for _ in range(5):
        writer.emit(received())
    await writer.flush()
    await writer.flush()
    report = verify(tmp_path)
    assert (report.events, report.problems) == (2, [])
    assert b"4 events were lost" in (tmp_path / "2026-11-22" / "system.jsonl").read_bytes()


def test_a_half_line_of_a_killed_process_is_ended_before_the_next(tmp_path: Path) -> None:
    path = tmp_path / "events" / "day" / "mail.jsonl"
    path.parent.mkdir(parents=True)
    path.write_bytes(b'{"e":{"v')
    append_synced(path, b"whole\n")
    assert path.read_bytes() == b'{"e":{"v\nwhole\n'


@pytest.mark.parametrize("back_s", [1, DAY_S, 20_000 * DAY_S], ids=["over midnight", "a day", "to 1972"])
async def test_a_clock_that_goes_back_begins_a_new_chain_and_all_verifies(
    tmp_path: Path, clock: FixedClock, random: SystemRandom, back_s: int
) -> None:
    clock.jump(-(clock.now_ms() % (DAY_S * 1000)) / 1000)
    writer = EventWriter(tmp_path, "front-1", clock, random)
    signer = CheckpointSigner(tmp_path, tmp_path / "events.key", clock)
    writer.emit(received())
    clock.jump(-back_s)
    writer.emit(received())  # both in one flush
    await writer.flush()
    writer.emit(received())
    clock.jump(back_s)
    writer.emit(received())
    await writer.flush()
    signer.sign(writer.heads())
    report = verify(tmp_path)
    assert (report.events, report.chains, report.unsigned, report.problems) == (4, 2, 0, [])
    assert sorted(seq for seq, _hash in writer.heads().values()) == [1, 3]


async def test_heads_name_only_what_is_on_disk(tmp_path: Path, clock: FixedClock, random: SystemRandom) -> None:
    writer = EventWriter(tmp_path, "front-1", clock, random)
    writer.emit(received())
    assert writer.heads() == {}
    await writer.flush()
    writer.emit(received())
    [(seq, _)] = writer.heads().values()
    assert seq == 1
