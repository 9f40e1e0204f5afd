"""Files of the event log go by their days while the server runs, and `events verify` accepts that and nothing else."""

import os
import time
from pathlib import Path

import pytest

from tests.support.demo import Demo
from tests.support.faults.clock import WallClock
from tests.support.faults.imap import events, until

pytestmark = pytest.mark.needs("gcc", "libc6-dev")

DAY_S = 86_400


def test_old_files_go_and_only_a_removal_that_was_signed_verifies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = WallClock(tmp_path)
    for name, value in clock.environment.items():
        monkeypatch.setenv(name, value)
    clock.set(-4 * DAY_S)
    with Demo(tmp_path / "demo", is_new=True) as demo:  # made by the clock of then
        demo.send("alice@example.test", b"Subject: long ago\r\n\r\nx\r\n")
    (old,) = demo.root.glob("events/20*")
    for path in old.iterdir():  # the disk goes by the clock of the machine
        os.utime(path, (time.time() - 4 * DAY_S,) * 2)
    (demo.root / "ring" / "known-time").unlink()  # it would say that four days have not passed here
    with (demo.root / "skrytka.toml").open("a") as file:
        file.write("\n[events]\nmail_days = 3\n")
    clock.set(0)
    with demo:
        until(lambda: bool(events(demo, "events_retired")), "the first hour's look")
        until(lambda: not (old / "mail.jsonl").exists(), "the file is removed")
        (told,) = events(demo, "events_retired")
        assert told["e"]["files"] == [f"{old.name}/mail"]
        assert (old / "system.jsonl").exists(), "kept for longer"
        verified = demo.run("events", "verify")
        assert verified.returncode == 0, verified.stderr
        demo.send("alice@example.test", b"Subject: today\r\n\r\nx\r\n")
        assert "message_delivered" in demo.run("trace", "alice@example.test").stdout
    kept = (old / "system.jsonl").read_bytes()
    (old / "system.jsonl").unlink()
    assert demo.run("events", "verify").returncode == 8
    (old / "system.jsonl").write_bytes(kept)
    assert demo.run("events", "verify").returncode == 0
