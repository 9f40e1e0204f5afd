"""kill -9 of the supervisor amid an attack: what it had counted and decided holds after the next start."""

import asyncio
import os
import signal
from pathlib import Path

from tests.support.attack import Target, auth_events, login
from tests.support.demo import Demo, prepared
from tests.support.faults.imap import until

HOST = "127.10.3.1"
NAMES = 8  # five are enough


def reasons(root: Path) -> list[object]:
    return [fields.get("reason") for kind, fields in auth_events(root) if kind == "login_failed"]


def try_as(demo: Demo, name: str, password: str = "Summer2026!") -> str:
    return asyncio.run(login(Target.of(demo), name, password, HOST, is_imap=True))


def test_who_was_refused_is_refused_after_a_crash_too(tmp_path: Path) -> None:
    demo = prepared(tmp_path / "demo")
    kept = demo.root / "run" / "counters"
    demo.start()
    try:
        for number in range(NAMES):
            assert try_as(demo, f"user{number}@example.test") == "NO"
        until(lambda: "rate_limited" in reasons(demo.root), "the address is refused")
        until(kept.exists, "what is counted is written")
        written = kept.stat().st_mtime_ns
        assert try_as(demo, "user9@example.test") == "NO"
        until(lambda: kept.exists() and kept.stat().st_mtime_ns >= written, "what is counted is written again")
        pids = demo.pids()
        os.kill(pids["supervisor"], signal.SIGKILL)
        demo.process.wait(60)
        until(lambda: not demo.living(pids), "all have ended")
        before = len(reasons(demo.root))
        demo.start()
        assert try_as(demo, "somebody@example.test") == "NO"
        until(lambda: len(reasons(demo.root)) > before, "the try is told")
        assert reasons(demo.root)[before:] == ["rate_limited"]
        assert demo.stop() == 0
        kept.write_bytes(kept.read_bytes()[:-7])
        demo.start()
        assert try_as(demo, "somebody@example.test") == "NO"
        until(lambda: reasons(demo.root)[-1:] == ["no_such_user"], "a file that is torn refuses nobody")
    finally:
        demo.abandon()
