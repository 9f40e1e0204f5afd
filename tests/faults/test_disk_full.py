"""A full disk: mail is answered 452 4.3.1 and stays with its sender, reading goes on, and when there is room again all
goes on as if nothing had been; events wait in memory and tell of it afterwards.
"""

import asyncio
import contextlib
import smtplib
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.support.demo import Demo
from tests.support.faults.contents import opened
from tests.support.faults.imap import boxes, events, problems, until
from tests.support.faults.load import LARGE_BYTES, SMALL_BYTES, Attempt, message, send

pytestmark = pytest.mark.needs("root")

DISK_BYTES = 24 * 1024 * 1024
SMALL_MAX = DISK_BYTES // SMALL_BYTES
FULL = "452 4.3.1"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own that 24 MB fill."""
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "none", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(disk: Path) -> Path:
    """Leave nothing."""
    ballast = disk / "ballast"
    with ballast.open("ab", buffering=0) as file, contextlib.suppress(OSError):
        for size in (1024 * 1024, 4096, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(bytes(size))
    return ballast


def attempt(demo: Demo, token: str, size: int = SMALL_BYTES) -> Attempt:
    """One message in a session of its own; ``reply`` is what became of it."""
    made = Attempt(("alice", "bob"), message(token, size, Random(token)))
    with demo.smtp() as client, contextlib.suppress(smtplib.SMTPException):
        client.ehlo("full.example.net")
        send(client, made)
    return made


def test_a_full_disk_defers_mail_loses_nothing_and_serves_again_when_there_is_room(small_disk: Path) -> None:
    with Demo(small_disk / "demo") as demo:
        sent = [attempt(demo, f"before-{number}", size) for number, size in enumerate([SMALL_BYTES, LARGE_BYTES] * 3)]
        assert all(one.is_acknowledged for one in sent), sent
        seen = boxes(demo)
        ballast = fill(small_disk)
        large = [attempt(demo, f"large-{number}", LARGE_BYTES) for number in range(3)]
        assert not any(one.is_acknowledged for one in large)
        full = [*large, *until_refused(demo)]
        sent += full
        assert {one.reply[:9] for one in full if not one.is_acknowledged} == {FULL}
        assert not problems(sent, seen, boxes(demo)), "reading goes on, and what was refused is not there"
        ballast.unlink()
        after = [attempt(demo, f"after-{number}", size) for number, size in enumerate([SMALL_BYTES, LARGE_BYTES])]
        assert all(one.is_acknowledged for one in after), after
        assert not problems(sent + after, seen, boxes(demo))
        until(
            lambda: "F-disk-full" in faults(demo), "the fault is in the event log"
        )  # whose last page may have had room
        until(lambda: refused(demo) >= sum(not one.is_acknowledged for one in full), "each refusal is told")
        assert demo.run("events", "verify", "--dir", str(demo.root)).returncode == 0
    with opened(demo.root) as contents:
        assert not asyncio.run(contents.differences())
        assert not contents.faults
    assert not list((demo.root / "store" / "spool").iterdir()), "what was refused leaves nothing behind"


def until_refused(demo: Demo) -> list[Attempt]:
    """Small messages, until the room that the WAL has already is used up."""
    sent: list[Attempt] = []
    while not sent or sent[-1].is_acknowledged:
        assert len(sent) < SMALL_MAX
        sent.append(attempt(demo, f"small-{len(sent)}"))
    return sent


def faults(demo: Demo) -> set[str]:
    """Ids of docs/faults.md that were raised."""
    return {record["e"]["fault"] for record in events(demo, "fault_raised")}


def refused(demo: Demo) -> int:
    """Events of messages that were answered 452."""
    return sum("disk_full" in str(line) for line in events(demo, "message_refused"))


def test_a_server_started_on_a_full_disk_says_so_and_serves_as_soon_as_there_is_room(small_disk: Path) -> None:
    with Demo(small_disk / "demo") as demo:
        first = attempt(demo, "first")
    ballast = fill(small_disk)
    demo = Demo(demo.root)
    with contextlib.ExitStack() as stack:
        stack.callback(demo.abandon)
        starting = threading.Thread(target=demo.start)
        starting.start()
        until(lambda: any("disk full" in line for line in demo.errors), "it says so")
        ballast.unlink()
        starting.join()
        assert attempt(demo, "second").is_acknowledged
        assert first.sha256 in boxes(demo)["alice"].values()
        assert demo.stop() == 0


def test_a_command_on_a_full_disk_fails_with_the_cause(small_disk: Path) -> None:
    fill(small_disk)
    made = Demo(small_disk / "demo").run("demo", "--dir", str(small_disk / "demo"))
    assert made.returncode == 4
    assert "No space left on device" in made.stderr
    assert "Traceback" not in made.stderr
