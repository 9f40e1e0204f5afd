"""kill -9 of the inspectors' zygote and of inspectors while mail comes in: every message that was sent is there.

Unlike a front or the store process, which take their sessions along, an inspector that dies costs no session anything.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.support.demo import Demo
from tests.support.faults.contents import opened
from tests.support.faults.imap import boxes, problems, until
from tests.support.faults.load import Attempt, Load, attempts
from tests.support.sizes import pick

SESSIONS = 4
KILLS = pick(3, 20)
SESSION_FULL = "421 4.7.0 Too many messages in one session, connect again"  # 1,000: a fast machine comes so far
VICTIMS: dict[str, Callable[[str], bool]] = {
    "zygote": lambda name: name == "zygote",
    "inspector": lambda name: name.startswith("inspector-"),
    "all of them": lambda name: name == "zygote" or name.startswith("inspector-"),
}


def work() -> list[Iterator[Attempt]]:
    return [attempts(f"killed{number}", 40_000, number) for number in range(SESSIONS)]


def kill(demo: Demo, victim: str) -> None:
    """One of them, or all, as soon as there is one again."""
    until(lambda: bool(victims(demo, victim)), f"{victim} is there")
    if victim == "all of them":
        fronts = [pid for name, pid in demo.pids().items() if name.startswith("front")]
        signal_to(fronts, signal.SIGSTOP)  # at once: a front that saw one die would hand its message to the next victim
        signal_to(victims(demo, victim), signal.SIGKILL)
        signal_to(fronts, signal.SIGCONT)
    else:
        signal_to(victims(demo, victim)[:1], signal.SIGKILL)


def signal_to(pids: Iterable[int], number: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def victims(demo: Demo, victim: str) -> list[int]:
    return [pid for name, pid in demo.pids().items() if VICTIMS[victim](name)]


@pytest.mark.parametrize("victim", VICTIMS)
def test_killed_inspectors_cost_no_message_and_no_session(tmp_path: Path, victim: str) -> None:
    with Demo(tmp_path / "demo") as demo:
        before = {name: pid for name, pid in demo.pids().items() if name == "supervisor" or name.startswith("front")}
        with Load(demo.smtp, work()).running() as load:
            for _ in range(KILLS):
                arrives(load)
                kill(demo, victim)
            arrives(load)
            seen = boxes(demo)
            load.stop()
        until(partial(_is_whole, demo), "there are as many as before")
        assert not problems(load.attempts, seen, boxes(demo))
        refused = {attempt.reply for attempt in load.attempts if attempt.reply and not attempt.is_acknowledged}
        assert refused <= {SESSION_FULL}
        after = demo.pids()
        assert {name: after.get(name) for name in before} == before
    with opened(demo.root) as contents:
        assert not asyncio.run(contents.differences())


def arrives(load: Load) -> None:
    """What is under way arrives, and ten more: a message that is hit twice would rightly be set apart."""
    count = len(load.acknowledged)
    under_way = [attempt for attempt in load.attempts if not attempt.reply]
    until(lambda: all(attempt.reply for attempt in under_way), "what was under way arrives")
    until(lambda: len(load.acknowledged) > count + 10, "mail is accepted")


def _is_whole(demo: Demo) -> bool:
    names = list(demo.pids())
    return "zygote" in names and sum(name.startswith("inspector-") for name in names) == 4


def test_killed_inspectors_are_told_of(tmp_path: Path) -> None:
    with Demo(tmp_path / "demo") as demo:
        kill(demo, "inspector")
        kill(demo, "zygote")
        until(partial(_is_whole, demo), "there are as many as before")
        demo.send("alice@example.test", b"Subject: on\r\n\r\ngoes on\r\n")
        until(partial(_is_told, demo, "F-inspector-crash"), "a fault for the inspector")
        until(partial(_is_told, demo, '"zygote"'), "an event for the zygote")


def _is_told(demo: Demo, text: str) -> bool:
    return any(text in path.read_text() for path in demo.root.glob("events/*/system.jsonl"))
