"""Power loss: what was acknowledged is there, whenever the power goes and whatever the disk makes of unsynced writes.

The demo runs once, recorded (``recorder.c``); then its folder is rebuilt as it may be after a power loss at many
moments (``disk.py``), opened, and compared with what had been acknowledged by then.
"""

import asyncio
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from skrytka.model.errors import SkrytkaError
from tests.support.demo import Demo, prepared
from tests.support.faults.contents import Contents, Message, opened
from tests.support.faults.disk import Before, Disk
from tests.support.faults.imap import box, boxes, problems
from tests.support.faults.load import Attempt, Load, attempts
from tests.support.faults.mailbox_work import MailboxWork
from tests.support.faults.recording import Record, recorded, records
from tests.support.faults.submission_work import SubmissionWork
from tests.support.sizes import pick

pytestmark = pytest.mark.needs("gcc", "libc6-dev")

SESSIONS = 4
MESSAGES = 20  # a session
APPENDED = 15  # by a client, meanwhile
SUBMITTED = 8  # by another, for other servers
SEED = 20261122


class Run:
    """A recorded run of the demo under load, to its orderly end."""

    def __init__(
        self,
        before: Before,
        log: list[Record],
        sent: list[Attempt],
        work: tuple[MailboxWork, SubmissionWork],
        final: list[Message],
    ) -> None:
        self.before = before
        self.work, self.submissions = work
        self.log = log
        self.sent = sent
        self.final = final
        self.by_trace = {attempt.trace: attempt for attempt in sent if attempt.trace is not None}

    def acknowledged(self, record: Record) -> Attempt | None:
        """The attempt that this record accepts."""
        return self.by_trace.get(record.data.decode().split()[-1]) if record.kind == "A" else None


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("power")
    root, log = folder / "demo", folder / "log"
    demo = prepared(root)
    settings = root / "skrytka.toml"
    settings.write_text(settings.read_text() + "\n[store]\nwal_checkpoint_bytes = 1048576\n")
    before = Before.of(root, folder / "before")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in recorded(folder, root, log).items():
            patch.setenv(name, value)
        demo.start()
    work = MailboxWork(demo, log, APPENDED), SubmissionWork(demo, log, SUBMITTED)
    for each in work:
        each.start()
    sent = under_load(demo)
    for each in work:
        each.join()
        assert each.is_done
    assert demo.stop() == 0, demo.output
    with opened(root) as contents:
        final = contents.messages()
    return Run(before, list(records(log)), sent, work, final)


def under_load(demo: Demo) -> list[Attempt]:
    work = [attempts(f"session{number}", MESSAGES, SEED + number) for number in range(SESSIONS)]
    with Load(demo.smtp, work).running() as load:
        pass
    assert len(load.acknowledged) == SESSIONS * MESSAGES, Counter(attempt.reply for attempt in load.attempts)
    return load.attempts


class Promised(NamedTuple):
    """What had been answered 250 by then, and what had been answered OK."""

    attempts: list[Attempt]
    notes: list[str]


def cuts(run: Run, count: int, random: Random) -> list[int]:
    """Moments (numbers of records): half of them anywhere, half right after an acknowledgement."""
    accepted = [number for number, record in enumerate(run.log, 1) if record.kind in "AN"]
    anywhere = random.sample(range(len(run.log) + 1), min(count // 2, len(run.log)))
    return sorted({*anywhere, *random.sample(accepted, min(count - len(anywhere), len(accepted)))})


def rebuilt(
    run: Run, moments: list[int], target: Path, random: Random, *, lost: str | None = None
) -> Iterator[tuple[int, Path, "Promised"]]:
    """(moment, folder, what was acknowledged by then), one after the other; syncs of paths like ``lost`` do nothing."""
    disk = Disk(run.before)
    promised = Promised([], [])
    wanted = set(moments)
    for number in range(len(run.log) + 1):
        if number in wanted:
            folder = target / str(number)
            disk.after_power_loss(folder, random)
            yield number, folder, Promised(list(promised.attempts), list(promised.notes))
            shutil.rmtree(folder)
        if number < len(run.log):
            if lost is None or run.log[number].kind not in "SE" or not is_like(run.log, number, lost):
                disk.take(run.log[number])
            if (attempt := run.acknowledged(run.log[number])) is not None:
                promised.attempts.append(attempt)
            if run.log[number].kind == "N":
                promised.notes.append(run.log[number].data.decode())


def test_no_acknowledged_message_is_lost_whenever_the_power_goes(run: Run, tmp_path: Path) -> None:
    random = Random(SEED)
    moments = cuts(run, pick(120, 500), random)
    count = 0
    for moment, folder, promised in rebuilt(run, moments, tmp_path, random):
        with opened(folder) as contents:
            found = asyncio.run(compare(contents, promised, run))
        assert not found, f"power lost after record {moment} of {len(run.log)}: {found}"
        count += 1
    assert count == len(moments)


def test_a_server_started_after_a_power_loss_serves_what_was_acknowledged_and_takes_more(
    run: Run, tmp_path: Path
) -> None:
    random = Random(SEED + 1)
    accepted = [number for number, record in enumerate(run.log, 1) if record.kind == "A"]
    moments = sorted(random.sample(accepted, pick(2, 4)))
    for moment, folder, promised in rebuilt(run, moments, tmp_path, random):
        with Demo(folder) as demo:
            seen = boxes(demo)
            assert not problems(without_the_rest(run, promised.attempts), seen, seen), f"after record {moment}"
            demo.send("alice@example.test", b"Subject: after the power loss\r\n\r\nafter\r\n")
            assert max(box(demo, "alice")) > max(seen["alice"], default=0)
            assert demo.run("store", "check").returncode == 0


def without_the_rest(run: Run, acknowledged: list[Attempt]) -> list[Attempt]:
    """All attempts, as those that sent them know them at that moment."""
    known = {id(attempt) for attempt in acknowledged}
    sent = [attempt if id(attempt) in known else replace(attempt, trace=None) for attempt in run.sent]
    return sent + run.work.appended


def is_like(log: list[Record], number: int, pattern: str) -> bool:
    """Whether the sync that begins or ends here is of such a path."""
    record = log[number]
    while record.kind == "E":  # the path stands where it began
        number -= 1
        if log[number].kind == "S" and log[number][1:4] == record[1:4]:
            record = log[number]
    return re.search(pattern, record.path) is not None


@pytest.mark.parametrize("lost", [r"/mail\.sqlite-wal$", r"/spool/[0-9a-f]{32}$", r"/blobs/[0-9a-f]{2}$"])
def test_a_disk_that_lies_about_a_sync_is_found_out(run: Run, tmp_path: Path, lost: str) -> None:
    random = Random(SEED)
    accepted = [number for number, record in enumerate(run.log, 1) if record.kind == "A"]
    for _moment, folder, promised in rebuilt(run, accepted[-8:], tmp_path, random, lost=lost):
        try:
            with opened(folder) as contents:
                found = asyncio.run(compare(contents, promised, run))
        except (SkrytkaError, OSError):
            return
        if found:
            return
    pytest.fail("nothing is missing, though it was never synced")


def test_the_run_holds_every_kind_of_change(run: Run) -> None:
    names = Counter((record.kind, Path(record.path).name) for record in run.log if record.kind in "CST")
    inodes = {record.inode for record in run.log if record.kind == "S" and record.path.endswith("/mail.sqlite")}
    assert names["S", "mail.sqlite-wal"] > 20
    assert any(record.kind == "W" and record.inode in inodes for record in run.log), "no checkpoint"
    assert sum(record.kind == "R" for record in run.log) > 5, "no blob files"
    assert sum(record.kind == "A" for record in run.log) == SESSIONS * MESSAGES
    notes = Counter(record.data.split()[0] for record in run.log if record.kind == "N")
    expected = {b"append": APPENDED, b"flag": APPENDED // 3, b"gone": APPENDED // 3, b"queued": SUBMITTED}
    assert notes == expected


async def compare(contents: Contents, promised: Promised, run: Run) -> list[str]:
    """What differs from what must be after a power loss."""
    found = [str(difference) for difference in await contents.differences()]
    found += contents.ring.verify() + contents.faults
    messages = contents.messages()
    there = Counter((message.name, message.sha256) for message in messages)
    possible = wanted([*run.sent, *run.work.appended])
    found += [f"{name}: lost" for name, sha in wanted(promised.attempts) - there]
    found += [f"{name}: too often" for name, sha in there - possible]
    queued = [note for note in promised.notes if note.startswith("queued")]
    found += run.work.broken([note for note in promised.notes if note not in queued], messages)
    found += run.submissions.broken(queued, await contents.queued())
    final = {message.place: message.sha256 for message in run.final}
    found += [f"{m.place}: another UID" for m in messages if final.get(m.place, m.sha256) != m.sha256]
    for account in {message.account for message in messages}:
        highest = max(message.uid for message in messages if message.account == account)
        if await contents.next_uid(account) <= highest:
            found.append(f"account {account}: a UID is given again")
    return found


def wanted(acknowledged: list[Attempt]) -> Counter[tuple[str, bytes]]:
    return Counter((name, attempt.sha256) for attempt in acknowledged for name in attempt.recipients)
