"""Processes that stop without ending (SIGSTOP, as a debugger, a full disk's driver or a bug would): what hangs is told,
ended and replaced, and the others work meanwhile.
"""

import contextlib
import os
import signal
import smtplib
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tests.support.demo import Demo
from tests.support.faults.imap import boxes, events, problems, until
from tests.support.faults.load import Attempt, Load, attempts
from tests.support.faults.stopped import stopped

SESSIONS = 3
BEFORE = 10
HANGING = ("store", "front-0", "zygote")  # in one run: each takes a minute
ALL_S = 150.0  # a process is silent for 60 s before it is held to hang


def work(name: str) -> list[Iterator[Attempt]]:
    return [attempts(f"{name}{number}", 40_000, number, large_every=10**9) for number in range(SESSIONS)]


def test_processes_that_hang_are_replaced_and_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    with Demo(tmp_path / "demo") as demo:
        seen = boxes(demo)
        with Load(demo.smtp, work("hangs")).running() as load:
            until(lambda: len(load.acknowledged) > 10, "mail is accepted")
            pids = {name: demo.pids()[name] for name in HANGING}
            for pid in pids.values():
                os.kill(pid, signal.SIGSTOP)
            for name, pid in pids.items():
                until(partial(is_replaced, demo, name, pid), f"{name} is replaced", ALL_S)
            count = len(load.acknowledged)
            until(lambda: len(load.acknowledged) > count + 10, "mail is accepted again")
            load.stop()
        assert not problems(load.attempts, seen, boxes(demo))
        told = [event["e"]["fault"] for event in events(demo, "fault_raised")]
        assert told.count("F-child-silent") == len(HANGING)


def is_replaced(demo: Demo, name: str, pid: int) -> bool:
    return demo.pids().get(name, pid) != pid


def test_without_the_supervisor_sessions_go_on_and_mail_is_taken(tmp_path: Path) -> None:
    """Its sign of life to systemd ends, which starts the server again; without systemd somebody has to."""
    with Demo(tmp_path / "demo") as demo, demo.inbox("alice") as client:
        with contextlib.ExitStack() as sessions:  # whoever takes them: each front has alice's key then
            opened = [sessions.enter_context(demo.smtp()) for _ in range(BEFORE)]
            for session in opened:
                session.sendmail("a@example.net", ["alice@example.test"], b"Subject: before\r\n\r\nx\r\n")
            sessions.enter_context(stopped(demo.pids()["supervisor"]))
            opened[0].sendmail("a@example.net", ["alice@example.test"], b"Subject: meanwhile\r\n\r\nx\r\n")
            assert client.noop()[0] == "OK"
            assert len(client.search(None, "ALL")[1][0].split()) == BEFORE + 1
            with smtplib.SMTP("127.0.0.1", demo.port("smtp"), timeout=60) as late:  # counted by the front, in its time
                late.sendmail("a@example.net", ["alice@example.test"], b"Subject: late\r\n\r\nx\r\n")
        # In the mailbox, or in the queue of a front that none of the sessions before came to, and so without her key.
        until(lambda: len(demo.messages("alice")) == BEFORE + 2, "all mail has arrived")


def test_inspectors_that_hang_are_ended_and_their_messages_are_tried_again(tmp_path: Path) -> None:
    with Demo(tmp_path / "demo") as demo:
        inspectors = {name: pid for name, pid in demo.pids().items() if name.startswith("inspector-")}
        seen = boxes(demo)
        patient = partial(smtplib.SMTP, "127.0.0.1", demo.port("smtp"), timeout=120)
        with stopped(*inspectors.values()), Load(patient, work("inspector")).running() as load:
            until(lambda: len(load.acknowledged) > 20, "mail is accepted after the first job's time", ALL_S)
            load.stop()
        assert len(demo.living(inspectors)) < len(inspectors), "those that were asked are gone"
        assert all(attempt.is_acknowledged for attempt in load.attempts)
        assert not problems(load.attempts, seen, boxes(demo))
