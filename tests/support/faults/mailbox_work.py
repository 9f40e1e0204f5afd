"""A client that changes its mailbox while a recording runs, and notes each "OK" in the recording."""

import imaplib
import re
import threading
from pathlib import Path
from random import Random

from skrytka.model.flags import SystemFlag
from tests.support.demo import Demo
from tests.support.faults.contents import Message
from tests.support.faults.load import LARGE_BYTES, SMALL_BYTES, Attempt, message
from tests.support.faults.recording import append_note

NAME = "carol"


class MailboxWork(threading.Thread):
    """APPEND, STORE and EXPUNGE in turn; every note names what was promised: ``append 3``, ``flag 3``, ``gone 3``."""

    def __init__(self, demo: Demo, log: Path, count: int) -> None:
        super().__init__(daemon=True)
        self._demo = demo
        self._log = log
        random = Random(7)
        sizes = [LARGE_BYTES if number % 5 == 4 else SMALL_BYTES for number in range(count)]
        self.appended = [
            Attempt((NAME,), message(f"appended-{number}", size, random)) for number, size in enumerate(sizes)
        ]
        self.is_done = False

    def run(self) -> None:
        with self._demo.inbox(NAME) as client:
            for number, attempt in enumerate(self.appended):
                status, text = client.append("INBOX", "", "", attempt.content)
                assert status == "OK", text
                self._note(f"append {number}")
                match = re.search(rb"APPENDUID \d+ (\d+)", text[0])
                assert match is not None, text
                self._change(client, number, match[1].decode())
        self.is_done = True

    def _change(self, client: imaplib.IMAP4, number: int, uid: str) -> None:
        if number % 3 == 1:
            assert client.uid("STORE", uid, "+FLAGS.SILENT", "(\\Flagged)")[0] == "OK"
            self._note(f"flag {number}")
        if number % 3 == 2:
            assert client.uid("STORE", uid, "+FLAGS.SILENT", "(\\Deleted)")[0] == "OK"
            assert client.uid("EXPUNGE", uid)[0] == "OK"
            self._note(f"gone {number}")

    def _note(self, text: str) -> None:
        append_note(self._log, text.encode())

    def broken(self, promised: list[str], messages: list[Message]) -> list[str]:
        """Promises that the mailbox does not keep."""
        there = {one.sha256: one for one in messages if one.name == NAME}
        gone = {promise.split()[1] for promise in promised if promise.startswith("gone")}
        found = []
        for promise in promised:
            what, number = promise.split()
            one = there.get(self.appended[int(number)].sha256)
            is_kept = {
                "append": one is not None or number in gone or int(number) % 3 == 2,  # its EXPUNGE may be in already
                "flag": one is not None and bool(one.flags & SystemFlag.FLAGGED),
                "gone": one is None,
            }[what]
            if not is_kept:
                found.append(f"{promise} was answered OK and is not so")
        return found
