"""kill -9 of each kind of process while mail comes in: nothing acknowledged is lost, no UID is given twice.

The store process and a front are started again by the supervisor, and clients only see a session end or a 4xx; when
the supervisor is killed everything ends, and a new start finds the folder as it has to be.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterator
from functools import partial
from itertools import cycle, islice
from pathlib import Path

import pytest

from tests.support.demo import Demo
from tests.support.faults.contents import opened
from tests.support.faults.imap import boxes, problems, until
from tests.support.faults.load import Attempt, Load, attempts
from tests.support.sizes import pick

SESSIONS = 4
KILLS = pick(3, 8)  # each start waits twice as long as the one before


def work() -> list[Iterator[Attempt]]:
    return [attempts(f"killed{number}", 4000, number) for number in range(SESSIONS)]


def differences(root: Path) -> list[str]:
    """What is wrong in the folder once the server has ended: `skrytka store check` and the key ring."""
    with opened(root) as contents:
        found = asyncio.run(contents.differences())
        messages = contents.messages()
        assert len({message.place for message in messages}) == len(messages)
        return [*map(str, found), *contents.ring.verify()]


@pytest.mark.parametrize("kind", ["store", "front"])
def test_a_killed_child_is_started_again_and_nothing_acknowledged_is_lost(tmp_path: Path, kind: str) -> None:
    with Demo(tmp_path / "demo") as demo:
        victims = cycle(sorted(name for name in demo.pids() if name.startswith(kind)))
        with Load(demo.smtp, work()).running() as load:
            for victim in islice(victims, KILLS):
                more_mail(load)
                pid = demo.pids()[victim]
                os.kill(pid, signal.SIGKILL)
                until(partial(is_replaced, demo, victim, pid), f"{victim} is started again")
            more_mail(load)
            seen = boxes(demo)
            load.stop()
        assert not problems(load.attempts, seen, boxes(demo))
        is_cut = any(attempt.reply and not attempt.is_acknowledged for attempt in load.attempts)
        assert is_cut or kind == "store", "every session is on one of the fronts"
    assert not differences(demo.root)


def more_mail(load: Load) -> None:
    count = len(load.acknowledged)
    until(lambda: len(load.acknowledged) > count + 10, "mail is accepted")


def is_replaced(demo: Demo, name: str, pid: int) -> bool:
    return demo.pids().get(name, pid) != pid


def test_a_killed_supervisor_takes_all_with_it_and_a_new_start_finds_everything(tmp_path: Path) -> None:
    demo = Demo(tmp_path / "demo")
    with contextlib.ExitStack() as stack:
        stack.callback(demo.abandon)
        demo.start()
        with Load(demo.smtp, work()).running() as load:
            more_mail(load)
            seen = boxes(demo)
            pids = demo.pids()
            os.kill(pids["supervisor"], signal.SIGKILL)
            demo.process.wait()
            load.stop()
        until(lambda: not demo.living(pids), "the children end at the end of their socket")
        assert not differences(demo.root)
        demo.start()
        assert not problems(load.attempts, seen, boxes(demo))
        demo.send("alice@example.test", b"Subject: after\r\n\r\nall is well\r\n")
        assert demo.stop() == 0
    assert not differences(demo.root)


def test_all_processes_killed_at_once_lose_nothing_acknowledged(tmp_path: Path) -> None:
    demo = Demo(tmp_path / "demo")
    with contextlib.ExitStack() as stack:
        stack.callback(demo.abandon)
        demo.start()
        with Load(demo.smtp, work()).running() as load:
            more_mail(load)
            seen = boxes(demo)
            os.killpg(demo.process.pid, signal.SIGKILL)
            demo.process.wait()
            load.stop()
        assert not differences(demo.root)
        demo.start()
        assert not problems(load.attempts, seen, boxes(demo))
        assert demo.stop() == 0
