"""Mail that its sender wants to go later, while processes are killed and the clock moves: nothing goes before its time,
and everything once when it has come.
"""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.faults.test_queue import ROUTE, queued
from tests.support.demo import Demo, prepared
from tests.support.faults.clock import WallClock
from tests.support.faults.imap import until
from tests.support.faults.outside import ALICE, SUBJECT, MailServer, submission
from tests.support.ports import free_block
from tests.support.sizes import pick

pytestmark = pytest.mark.needs("gcc", "libc6-dev")

MESSAGES = pick(12, 100)
HOUR_S = 3600


class World(NamedTuple):
    """A server that holds ``MESSAGES`` for an hour, each for bob and for somebody elsewhere."""

    demo: Demo
    clock: WallClock
    outside: MailServer

    def here(self) -> Counter[bytes]:
        found = (SUBJECT.search(each) for each in self.demo.messages("bob"))
        return Counter(match[1] for match in found if match is not None)

    def is_quiet(self) -> bool:
        return not self.outside.arrived and not self.here() and queued(self.demo) == 2 * MESSAGES


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    clock, port = WallClock(tmp_path), free_block()
    for name, value in clock.environment.items():
        monkeypatch.setenv(name, value)
    demo = prepared(tmp_path / "demo")
    with (demo.root / "skrytka.toml").open("a") as config:
        config.write(ROUTE.format(is_paused="false", port=port))
    with MailServer(port, pause_s=0.05) as outside, demo:
        with submission(demo) as client:
            for subject in subjects():
                content = f"From: {ALICE}\r\nSubject: {subject}\r\n\r\nhello\r\n"
                client.sendmail(ALICE, ["bob@example.test", "x@sink.test"], content, [f"HOLDFOR={HOUR_S}"])
        yield World(demo, clock, outside)


def subjects() -> list[str]:
    return [f"held {number}" for number in range(MESSAGES)]


def kill(demo: Demo, victim: str) -> None:
    if victim == "everything":
        os.killpg(demo.process.pid, signal.SIGKILL)
        demo.process.wait()
        demo.start()
        return
    name = next(each for each in demo.pids() if each.startswith(victim))
    pid = demo.pids()[name]
    os.kill(pid, signal.SIGKILL)
    until(lambda: demo.pids().get(name, pid) != pid, f"{name} is started again")


@pytest.mark.parametrize("victim", ["everything", "store", "front-0"])
def test_what_is_scheduled_waits_for_its_time_and_goes_once_whatever_is_killed(world: World, victim: str) -> None:
    demo, outside = world.demo, world.outside
    assert world.is_quiet()
    kill(demo, victim)
    world.clock.set(HOUR_S - 300)
    until(lambda: demo.run("queue", "list", "--state", "scheduled").returncode == 0, "it serves")
    assert world.is_quiet()
    world.clock.set(HOUR_S + 300)
    until(lambda: sum(outside.arrived.values()) >= MESSAGES // 3, "mail is sent")
    kill(demo, victim)
    wanted = {subject.encode() for subject in subjects()}
    until(lambda: set(outside.arrived) == wanted, "all that leaves has left", 120)
    until(lambda: queued(demo) == 0, "the queue is empty", 120)
    assert world.here() == Counter(wanted), "each once, here"
    if victim == "store":
        assert outside.arrived == Counter(wanted), "who sends is alive and remembers what is over"
    assert max(outside.arrived.values()) <= 2, "once more, if the kill found it in flight"
    assert demo.run("store", "check").returncode == 0
