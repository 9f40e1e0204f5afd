"""store/events/retention.py: what has had its time goes, what is left verifies, and nothing else can be taken away."""

import os
from datetime import date, timedelta
from pathlib import Path

import pytest

from skrytka.model.clock import FixedClock
from skrytka.model.events import EventClass, ServerStarted
from skrytka.store.events import retention
from skrytka.store.events.checkpoint import CheckpointSigner, Heads, Retired, read_checkpoints
from skrytka.store.events.files import event_files
from skrytka.store.events.verify import verify
from skrytka.store.events.writer import EventWriter
from skrytka.store.system import SystemRandom
from tests.unit.store.events.conftest import received

DAY_S = 86_400
KEPT = {"mail": 10, "system": 0}


class Log:
    """Two processes that write for many days; the first one ends after some."""

    def __init__(self, folder: Path, clock: FixedClock) -> None:
        self.folder = folder
        self.clock = clock
        self.signer = CheckpointSigner(folder, folder / "events.key", clock)
        self.writers = [EventWriter(folder, f"front-{number}", clock, SystemRandom()) for number in range(2)]

    @property
    def heads(self) -> Heads:
        return {chain: head for writer in self.writers for chain, head in writer.heads().items()}

    async def days(self, count: int) -> None:
        for _ in range(count):
            for writer in self.writers:
                for _event in range(3):
                    writer.emit(received())
                writer.emit(ServerStarted(version="1", fronts=1))
                await writer.flush()
            for path in event_files(self.folder):  # the disk's clock is the test's too
                if path.parent.name == self.today.isoformat():
                    os.utime(path, (self.clock.now_ms() / 1000,) * 2)
            self.signer.sign(self.heads)
            self.clock.advance(DAY_S)

    @property
    def today(self) -> date:
        return retention.day_of(self.clock.now_ms())

    def sign_base(self) -> list[Path]:
        """The first half of a run; the files of the second."""
        paths = retention.files_to_retire(self.folder, KEPT, self.today)
        base = retention.base(self.folder, retention.ends_of(paths), self.heads, KEPT, self.today)
        self.signer.sign(base.heads, base.retired)
        return paths

    def retire(self) -> int:
        paths = self.sign_base()
        retention.remove(paths)
        retention.trim_checkpoints(self.folder, self.today)
        return len(paths)


@pytest.fixture
def log(tmp_path: Path, clock: FixedClock) -> Log:
    return Log(tmp_path, clock)


def mail_days(log: Log) -> list[str]:
    return [path.parent.name for path in event_files(log.folder) if path.stem == EventClass.MAIL]


async def test_files_go_by_the_days_of_their_class_and_the_rest_verifies_every_day(log: Log) -> None:
    for _ in range(30):
        await log.days(1)
        log.retire()
        report = verify(log.folder)
        assert (report.problems, report.unsigned) == ([], 0)
    assert len(mail_days(log)) == 10
    assert len(event_files(log.folder)) == 10 + 30
    assert verify(log.folder).retired == 2 * 3 * 20


async def test_chains_that_ended_long_ago_leave_nothing_behind(log: Log) -> None:
    await log.days(2)
    log.writers.pop()
    for _ in range(25):
        await log.days(1)
        log.retire()
    assert verify(log.folder).problems == []
    last = read_checkpoints(log.folder)[-1].body()
    assert [chain for chain in last.retired if chain.startswith("front-1.")] == []
    assert {chain.rpartition(".")[2] for chain in last.heads if chain.startswith("front-1.")} == {"system"}


async def test_a_process_that_is_silent_for_long_goes_on_with_its_chain(log: Log) -> None:
    await log.days(1)
    silent = log.writers.pop()
    living = silent.heads()
    for _ in range(15):
        await log.days(1)
        paths = retention.files_to_retire(log.folder, KEPT, log.today)
        base = retention.base(log.folder, retention.ends_of(paths), log.heads | living, KEPT, log.today)
        log.signer.sign(base.heads, base.retired)
        retention.remove(paths)
        retention.trim_checkpoints(log.folder, log.today)
    silent.emit(received())
    await silent.flush()
    log.signer.sign(log.heads | silent.heads())
    assert verify(log.folder).problems == []


async def test_checkpoints_older_than_a_base_of_a_week_go(log: Log) -> None:
    for _ in range(20):
        await log.days(1)
        log.retire()
    bodies = [line.body() for line in read_checkpoints(log.folder)]
    assert bodies[0].is_base
    assert bodies[0].number > 1
    assert len(bodies) == 2 * 7 + 1


@pytest.mark.parametrize("left", [0, 1, 3, 5])
async def test_a_removal_that_was_cut_short_verifies_and_is_ended_by_the_next(log: Log, left: int) -> None:
    await log.days(15)
    paths = log.sign_base()
    assert len(paths) == 5
    retention.remove(paths[:left])
    assert verify(log.folder).problems == []
    log.retire()
    assert verify(log.folder).problems == []
    assert len(mail_days(log)) == 10


async def test_nothing_else_can_be_taken_away(log: Log) -> None:
    await log.days(15)
    log.retire()
    oldest, second, *_ = [path for path in event_files(log.folder) if path.stem == "mail"]
    for path in (oldest, second):  # a longer beginning; a hole
        kept = path.read_bytes()
        path.unlink()
        assert verify(log.folder).problems
        path.write_bytes(kept)
    lines = oldest.read_bytes().splitlines(keepends=True)
    oldest.write_bytes(b"".join(lines[1:]))
    assert any("goes from" in text for text in verify(log.folder).problems)
    oldest.write_bytes(b"".join(lines))
    assert verify(log.folder).problems == []


async def test_a_beginning_that_was_put_in_again_has_to_be_the_one_that_was_signed_away(log: Log) -> None:
    await log.days(15)
    paths = log.sign_base()
    kept = {path: path.read_bytes() for path in paths}
    retention.remove(paths)
    last = paths[-1]
    last.parent.mkdir(exist_ok=True)
    last.write_bytes(kept[last])
    assert verify(log.folder).problems == []
    last.write_bytes(kept[paths[0]])
    assert verify(log.folder).problems


async def test_checkpoints_cannot_begin_where_no_base_is(log: Log) -> None:
    for _ in range(3):
        await log.days(1)
        log.retire()
    path = log.folder / "checkpoints.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[1:]))
    assert verify(log.folder).problems == [], "number 2 is a base"
    path.write_bytes(b"".join(lines[2:]))
    assert any("are missing" in text for text in verify(log.folder).problems)


async def test_what_was_written_while_the_clock_was_decades_behind_has_its_time_again(
    log: Log, clock: FixedClock
) -> None:
    now_s = clock.now_ms() / 1000
    clock.jump(-now_s)
    await log.days(1)
    clock.jump(now_s)
    assert [path.parent.name for path in event_files(log.folder)] == ["1970-01-01"] * 2
    assert retention.files_to_retire(log.folder, KEPT, log.today) == []
    assert retention.files_to_retire(log.folder, KEPT, log.today) == []
    for path in event_files(log.folder):
        os.utime(path, (now_s, now_s))
    found = retention.files_to_retire(log.folder, KEPT, log.today + timedelta(days=11))
    assert [path.stem for path in found] == ["mail"]


async def test_a_half_line_of_a_killed_process_does_not_hide_the_end_of_its_chain(log: Log) -> None:
    await log.days(1)
    (path,) = [path for path in event_files(log.folder) if path.stem == "mail"]
    whole = retention.ends_of([path])
    assert sorted(seq for seq, _hash in whole.values()) == [3, 3]
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines) + lines[-1][:90] + b"\n")
    assert retention.ends_of([path]) == whole


def test_a_base_is_signed_once_a_day(log: Log) -> None:
    assert not retention.has_base(log.folder, log.today)
    log.signer.sign({}, {"front-0.A.mail": Retired(3, "aa", log.today.isoformat())})
    assert retention.has_base(log.folder, log.today)
    assert retention.signed(log.folder).retired["front-0.A.mail"].seq == 3
