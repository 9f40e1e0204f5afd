"""A person who sends to other servers while a recording runs, and notes each 250 in the recording."""

import smtplib
import threading
from pathlib import Path
from random import Random
from typing import Final

from tests.support.demo import Demo
from tests.support.faults.contents import Queued
from tests.support.faults.load import LARGE_BYTES, SMALL_BYTES, message
from tests.support.faults.recording import append_note

SENDER: Final = "alice@example.test"


class SubmissionWork(threading.Thread):
    """One message after the other; a demo holds them all. Every note names what was promised: ``queued 3``."""

    def __init__(self, demo: Demo, log: Path, count: int) -> None:
        super().__init__(daemon=True)
        self._demo = demo
        self._log = log
        random = Random(8)
        sizes = [LARGE_BYTES if number % 4 == 3 else SMALL_BYTES for number in range(count)]
        self._sent = [
            message(f"sent-{number}", size, random).replace(b"sender@example.net", SENDER.encode())
            for number, size in enumerate(sizes)
        ]
        self.is_done = False

    def run(self) -> None:
        demo = self._demo
        with smtplib.SMTP_SSL("localhost", demo.port("submissions"), timeout=60, context=demo.tls()) as client:
            client.login(SENDER, demo.password("alice"))
            for number, content in enumerate(self._sent):
                client.sendmail(SENDER, [recipient_of(number)], content)
                append_note(self._log, f"queued {number}".encode())
        self.is_done = True

    def broken(self, promised: list[str], queue: list[Queued]) -> list[str]:
        """Promises that the queue does not keep, and what is there twice."""
        found = [f"{one.recipient} is there twice" for one in queue if sum(one[0] == other[0] for other in queue) > 1]
        there = {one.recipient: one.content for one in queue}
        for promise in promised:
            number = int(promise.split()[1])
            body = self._sent[number].partition(b"\r\n\r\n")[2]
            if not there.get(recipient_of(number), b"").endswith(b"\r\n\r\n" + body):
                found.append(f"{promise} was answered 250 and is not so")
        return found


def recipient_of(number: int) -> str:
    return f"outside{number}@example.org"
