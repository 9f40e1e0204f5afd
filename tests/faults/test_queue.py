"""A full queue of mail for other servers while something is killed, full or deaf: nothing is lost, and nothing goes
twice but what was in flight when the courier died.
"""

import json
import os
import shutil
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.test_disk_full import fill, small_disk
from tests.support.demo import Demo, prepared
from tests.support.faults.imap import events, until
from tests.support.faults.outside import MailServer, NameServer, submit
from tests.support.ports import free_block
from tests.support.sizes import pick

MESSAGES = pick(60, 600)
KILLS = pick(2, 4)
CONNECTIONS = 5
TOGETHER = 500  # mail.queue.settle: messages of one commit
ROUTE = """
[outbound]
is_paused = {is_paused}
retry_s = [1]
connections_per_destination = 5

[[outbound.routes]]
domain = "sink.test"
host = "127.0.0.1"
port = {port}
tls = "never"
"""
__all__ = ["small_disk"]  # a fixture


def subjects(count: int = MESSAGES) -> list[str]:
    return [f"queued {number}" for number in range(count)]


def settings(demo: Demo, port: int, *, is_paused: bool) -> None:
    config = demo.root / "skrytka.toml"
    kept = config.read_text().partition("\n[outbound]")[0]
    config.write_text(kept + ROUTE.format(is_paused=str(is_paused).lower(), port=port))


def queued(demo: Demo) -> int:
    return len(json.loads(demo.run("queue", "list", "--json").stdout))


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """The folder of a server that was stopped with a full queue, and the port that it will send to: to be copied."""
    root, port = tmp_path_factory.mktemp("filled") / "demo", free_block()
    demo = prepared(root)
    settings(demo, port, is_paused=True)
    with demo:
        submit(demo, "sink.test", subjects())
        assert queued(demo) == MESSAGES
    settings(demo, port, is_paused=False)
    return root, port


@pytest.fixture
def full(filled: tuple[Path, int], tmp_path: Path) -> tuple[Demo, int]:
    root, port = filled
    shutil.copytree(root, tmp_path / "demo")
    return Demo(tmp_path / "demo"), port


def wait(demo: Demo, is_so: Callable[[], bool], what: str) -> None:
    """As ``until``; what is not so in time is shown with the queue and what the server says."""
    try:
        until(is_so, what)
    except AssertionError as exc:
        seen = [*map(str, events(demo, "fault_raised")), *list(map(str, events(demo, "delivery_deferred")))[:5]]
        raise AssertionError(f"{exc}\n{demo.run('queue', 'list').stdout[:2000]}\n{seen}\n{demo.output}") from exc


def lost(arrived: Counter[bytes]) -> list[str]:
    return [subject for subject in subjects() if not arrived[subject.encode()]]


@pytest.mark.parametrize("victim", ["front-0", "front-1", "store"])
def test_a_process_killed_while_the_queue_is_worked_off_loses_nothing(full: tuple[Demo, int], victim: str) -> None:
    demo, port = full
    with MailServer(port, pause_s=0.02) as outside, demo:
        name = next(each for each in demo.pids() if each.startswith(victim))
        for kill in range(1, KILLS + 1):
            wanted = kill * MESSAGES // (KILLS + 2)
            wait(demo, lambda wanted=wanted: len(outside.arrived) >= wanted, "mail is sent")  # type: ignore[misc]
            pid = demo.pids()[name]
            os.kill(pid, signal.SIGKILL)
            until(lambda pid=pid: demo.pids().get(name, pid) != pid, f"{name} is started again")  # type: ignore[misc]
        wait(demo, lambda: not lost(outside.arrived), "everything arrives")
        wait(demo, lambda: queued(demo) == 0, "the queue is empty")
    twice = {subject: count for subject, count in outside.arrived.items() if count > 1}
    if victim == "store":
        assert not twice, "whoever sends is alive and remembers what is over"
    assert all(count <= 1 + KILLS for count in twice.values()), "one duplicate for each kill that found it in flight"
    assert len(twice) <= KILLS * (CONNECTIONS + TOGETHER)


def test_all_processes_killed_at_once_lose_nothing_of_the_queue(full: tuple[Demo, int]) -> None:
    demo, port = full
    with MailServer(port, pause_s=0.02) as outside:
        demo.start()
        try:
            until(lambda: len(outside.arrived) >= MESSAGES // 3, "mail is sent")
        finally:
            os.killpg(demo.process.pid, signal.SIGKILL)
            demo.process.wait()
        with demo:
            until(lambda: not lost(outside.arrived), "everything arrives")
            until(lambda: queued(demo) == 0, "the queue is empty")
            assert demo.run("store", "check").returncode == 0
    assert max(outside.arrived.values()) <= 2


@pytest.mark.needs("root")
def test_a_full_disk_sends_nothing_twice_and_the_queue_empties_when_there_is_room(small_disk: Path) -> None:
    port, some = free_block(), subjects(20)
    demo = prepared(small_disk / "demo")
    settings(demo, port, is_paused=False)
    with demo:
        submit(demo, "sink.test", some)
        until(lambda: queued(demo) == len(some), "it waits: nobody listens there")
        ballast = fill(small_disk)
        with MailServer(port) as outside:
            until(lambda: len(outside.arrived) == len(some), "what was accepted is sent")
            is_unwritten = queued(demo) > 0  # unless the WAL had room for it
            ballast.unlink()
            wait(demo, lambda: queued(demo) == 0, "the queue is empty")
        if is_unwritten:
            until(lambda: faults(demo) & {"F-courier", "F-disk-full"} != set(), "what could not be written is told")
        assert set(outside.arrived.values()) == {1}
        assert demo.run("store", "check").returncode == 0


def faults(demo: Demo) -> set[str]:
    return {record["e"]["fault"] for record in events(demo, "fault_raised")}


@pytest.mark.parametrize("loss", ["some", "all"])
def test_mail_waits_while_dns_drops_packets_and_goes_when_it_answers(tmp_path: Path, loss: str) -> None:
    is_deaf = [True]
    turn = iter(range(1_000_000))
    hears: dict[str, Callable[[], bool]] = {"some": lambda: next(turn) % 2 == 1, "all": lambda: not is_deaf[0]}
    port = free_block()
    demo = prepared(tmp_path / "demo")
    settings(demo, port, is_paused=False)
    with NameServer({("mx.example.net.", "A"): "127.0.0.1"}, hears[loss]) as names, MailServer(port) as outside:
        config = demo.root / "skrytka.toml"
        text = config.read_text().replace('host = "127.0.0.1"', 'host = "mx.example.net"')
        resolvers = f'resolvers = ["127.0.0.1:{names.port}"]\ntimeout_s = 1.0'
        config.write_text(text.replace('zone_file = "zone.yml"', resolvers))
        with demo:
            submit(demo, "sink.test", ["far"])
            if loss == "all":
                until(lambda: bool(events(demo, "delivery_deferred")), "it is told that it waits")
                assert {record["e"]["reason"] for record in events(demo, "delivery_deferred")} == {"4.4.3"}
                assert queued(demo) == 1
                is_deaf[0] = False
            until(lambda: outside.arrived[b"far"] == 1, "it arrives")
            until(lambda: queued(demo) == 0, "the queue is empty")
    assert names.asked >= 2
