"""A front or the store process runs out of descriptors or of memory while mail comes in: it is deferred, and taken
again when there is room; a process that ends of it is replaced. Nothing acknowledged is lost.
"""

import asyncio
import contextlib
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.demo import Demo
from tests.support.faults.contents import opened
from tests.support.faults.imap import boxes, events, problems, until
from tests.support.faults.load import Attempt, Load, attempts

pytestmark = pytest.mark.needs("root")

SESSIONS = 4
SERVED_ALL_THE_SAME = 300  # messages: the heap may hold enough that was freed before, and that is no fault


def work() -> list[Iterator[Attempt]]:
    return [attempts(f"short{number}", 40_000, number, large_every=3) for number in range(SESSIONS)]


def address_space(pid: int) -> int:
    (line,) = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmSize")]
    return int(line.split()[1]) * 1024


@contextlib.contextmanager
def starved(what: str, pids: list[int]) -> Iterator[None]:
    """They get no further descriptor, or no further memory, until the end of the block."""
    kind = resource.RLIMIT_NOFILE if what == "descriptors" else resource.RLIMIT_AS
    before = {}
    for pid in pids:
        hard = resource.prlimit(pid, kind)[1]
        before[pid] = resource.prlimit(pid, kind, (4 if what == "descriptors" else address_space(pid), hard))
    try:
        yield
    finally:
        for pid, limits in before.items():
            with contextlib.suppress(ProcessLookupError):
                resource.prlimit(pid, kind, limits)


@pytest.mark.parametrize("kind", ["front", "store"])
@pytest.mark.parametrize("what", ["descriptors", "memory"])
def test_a_process_that_has_no_more_to_spend_defers_mail_and_recovers(tmp_path: Path, what: str, kind: str) -> None:
    with Demo(tmp_path / "demo") as demo:
        pids = [pid for name, pid in demo.pids().items() if name.startswith(kind)]
        with Load(demo.smtp, work()).running() as load:
            until(lambda: len(load.acknowledged) > 10, "mail is accepted")
            seen = boxes(demo)
            with starved(what, pids):
                enough = len(load.acknowledged) + SERVED_ALL_THE_SAME
                until(lambda: has_shown(demo, load, pids) or len(load.acknowledged) > enough, "the want shows")
            count = len(load.acknowledged)
            until(lambda: len(load.acknowledged) > count + 20, "mail is accepted again")
            load.stop()
        until(lambda: demo.run("queue", "list", "--json").stdout.split() == ["[]"], "what the queue took has arrived")
        assert not problems(load.attempts, seen, boxes(demo))
        assert all(attempt.reply[:1] != "5" for attempt in load.attempts), "want is never the message's fault"
        assert demo.run("events", "verify").returncode == 0
    with opened(demo.root) as contents:
        assert not asyncio.run(contents.differences())
    spool = demo.root / "store" / "spool"
    if list(spool.iterdir()):  # who has no memory cannot always clear away what he gives up: the next start does
        with Demo(demo.root):
            pass
    assert not list(spool.iterdir())


def has_shown(demo: Demo, load: Load, pids: list[int]) -> bool:
    """A message was deferred, or a process ended of it and was replaced."""
    is_deferred = any(attempt.reply[:1] == "4" for attempt in load.attempts)
    return is_deferred or not set(pids) <= set(demo.pids().values()) or bool(events(demo, "bug_caught"))
