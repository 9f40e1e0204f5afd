"""A disk that becomes read-only or fails while the server runs, one that is read-only when it starts, and a disk of the
event log's own: mail is deferred or taken, nothing acknowledged is lost, and all goes on when the disk is back.
"""

import asyncio
import contextlib
import errno
import shutil
import smtplib
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import pytest

from tests.support.demo import Demo, prepared
from tests.support.faults.contents import opened
from tests.support.faults.failing import FailingDisk
from tests.support.faults.imap import boxes, events, problems, until
from tests.support.faults.load import LARGE_BYTES, SMALL_BYTES, Attempt, message, send
from tests.support.sizes import pick


def attempt(demo: Demo, token: str, size: int = SMALL_BYTES) -> Attempt:
    """One message in a session of its own; ``reply`` is what became of it."""
    made = Attempt(("alice", "bob"), message(token, size, Random(token)))
    with (
        smtplib.SMTP("127.0.0.1", demo.port("smtp"), timeout=90) as client,  # a store that is away is waited for
        contextlib.suppress(smtplib.SMTPException),
    ):
        client.ehlo("disk.example.net")
        send(client, made)
    return made


def both(demo: Demo, token: str) -> list[Attempt]:
    return [attempt(demo, f"{token}-{size}", size) for size in (SMALL_BYTES, LARGE_BYTES)]


def faults(demo: Demo) -> set[str]:
    return {record["e"]["fault"] for record in events(demo, "fault_raised")}


def flag(demo: Demo) -> str:
    with demo.inbox("alice") as client:
        client.sock.settimeout(90)
        return client.store("1", "+FLAGS", r"(\Flagged)")[0]


def append(demo: Demo) -> str:
    with demo.inbox("alice") as client:
        client.sock.settimeout(90)
        return client.append("INBOX", "", "", b"Subject: x\r\n\r\nx\r\n")[0]


@pytest.mark.needs("gcc", "libc6-dev")
@pytest.mark.parametrize("number", pick([errno.EROFS], [errno.EROFS, errno.EIO]))
def test_a_disk_that_takes_nothing_any_more_defers_mail_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    disk = FailingDisk(tmp_path, tmp_path / "demo")
    for name, value in disk.environment.items():
        monkeypatch.setenv(name, value)
    with Demo(tmp_path / "demo") as demo:
        sent = both(demo, "before")
        assert all(one.is_acknowledged for one in sent)
        seen = boxes(demo)
        disk.fail(number)
        with ThreadPoolExecutor(4) as at_once:  # each waits as long as a store may be away
            sending = [at_once.submit(attempt, demo, f"meanwhile-{size}", size) for size in (SMALL_BYTES, LARGE_BYTES)]
            writing = [at_once.submit(write, demo) for write in (flag, append)]
            assert not problems(sent, seen, boxes(demo)), "reading goes on"
            refused = [each.result() for each in sending]
        assert {one.reply[:1] for one in refused} == {"4"}, refused
        assert {each.result() for each in writing} == {"NO"}
        asked = demo.run("domain", "add", "new.test")
        assert asked.returncode == 4, asked
        assert "Traceback" not in asked.stderr
        disk.mend()
        until(lambda: attempt(demo, "again").is_acknowledged, "mail is taken again")
        sent += refused + both(demo, "after")
        assert all(one.is_acknowledged for one in sent[-2:])
        until(lambda: "F-events-disk" in faults(demo), f"it is told: {faults(demo)} {demo.errors}")
        known = [one for one in sent if one.is_acknowledged]
        assert not [text for text in problems(known, seen, boxes(demo)) if "too often" not in text]
        assert demo.run("events", "verify").returncode == 0
    with opened(demo.root) as contents:
        assert not asyncio.run(contents.differences())
    assert not list((demo.root / "store" / "spool").iterdir())


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "none", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def remount(folder: Path, mode: str) -> bool:
    return subprocess.run(["mount", "-o", f"remount,{mode}", folder], check=False).returncode == 0


@pytest.mark.needs("root")
def test_a_folder_that_is_mounted_read_only_is_refused_with_the_mend(disk: Path) -> None:
    with Demo(disk / "demo") as demo:
        demo.send("alice@example.test", b"Subject: kept\r\n\r\nkept\r\n")
    assert remount(disk, "ro")
    for command in ("serve", "account list", "store check"):
        refused = demo.run(*command.split())
        assert refused.returncode == 4, refused
        assert "Read-only file system; mount it writable" in refused.stderr
    assert demo.run("events", "verify").returncode == 0, "which only reads"
    assert remount(disk, "rw")
    with demo:
        assert len(demo.messages("alice")) == 1


def with_new_key(demo: Demo, name: str = "dave") -> tuple[int, str]:
    """What comes of an account whose key would have to be kept."""
    done = demo.run("account", "add", f"{name}@example.test", "--password-stdin", text="correct horse battery\n")
    return done.returncode, done.stderr


@contextlib.contextmanager
def own_disk(disk: Path, folder: Path) -> Iterator[None]:
    """The folder lies on that disk."""
    for path in list(folder.iterdir()):
        shutil.move(path, disk / path.name)
    subprocess.run(["mount", "--bind", disk, folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


NOBODY: dict[str, dict[int, bytes]] = {name: {} for name in ("alice", "bob", "carol")}


@pytest.mark.needs("gcc", "libc6-dev")
def test_with_the_key_ring_s_disk_read_only_all_is_served_but_new_accounts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = FailingDisk(tmp_path, tmp_path / "demo" / "ring")
    for name, value in disk.environment.items():
        monkeypatch.setenv(name, value)
    with Demo(tmp_path / "demo") as demo:
        disk.fail(errno.EROFS)
        sent = both(demo, "meanwhile")
        assert all(one.is_acknowledged for one in sent)
        assert not problems(sent, NOBODY, boxes(demo))
        code, said = with_new_key(demo)
        assert code == 4, said
        disk.mend()
        assert with_new_key(demo) == (0, "")


@pytest.mark.needs("root")
def test_with_the_key_ring_s_disk_full_all_is_served_but_new_accounts(disk: Path, tmp_path: Path) -> None:
    demo = prepared(tmp_path / "demo")
    with own_disk(disk, demo.root / "ring"):
        with demo:
            filler = disk / "filler"
            with contextlib.suppress(OSError):
                filler.write_bytes(bytes(64 * 1024 * 1024))
            sent = both(demo, "full")
            code, said = with_new_key(demo)
            assert code == 4, said
            assert "full" in said, said
        with demo:  # it starts with that disk full, too
            sent += both(demo, "full-at-start")
            assert all(one.is_acknowledged for one in sent)
            filler.unlink()
            assert with_new_key(demo) == (0, "")
            assert not problems(sent, NOBODY, boxes(demo))
        assert remount(disk, "ro")
        with demo:
            sent += both(demo, "read-only-at-start")
            assert with_new_key(demo, "erin")[0] == 4
            assert not problems(sent, NOBODY, boxes(demo))


@pytest.mark.needs("root")
def test_mail_is_served_when_the_event_log_s_own_disk_is_read_only_or_gone(disk: Path, tmp_path: Path) -> None:
    """Events wait in memory and are written when it is back."""
    demo = prepared(tmp_path / "demo")
    with own_disk(disk, demo.root / "events"), demo:
        until(lambda: remount(disk, "ro"), "nobody is writing just now")
        sent = [attempt(demo, f"meanwhile-{number}") for number in range(5)]
        assert all(one.is_acknowledged for one in sent)
        assert not problems(sent, {name: {} for name in ("alice", "bob", "carol")}, boxes(demo))
        assert remount(disk, "rw")
        until(lambda: len(events(demo, "message_received")) >= 5, "what waited is written")
        until(lambda: "F-events-disk" in faults(demo), "and what happened")
        assert demo.run("events", "verify").returncode == 0
