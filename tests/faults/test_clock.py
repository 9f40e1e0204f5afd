"""The machine's clock is set forward and back, by hours and by decades, while the server runs and between two runs.

Nothing that has its time ends early, nothing waits for a time that will not come, no number is given twice, mail and
logins go on, and the event log verifies.
"""

import os
import re
import signal
import smtplib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from tests.support.demo import Demo, prepared
from tests.support.faults.clock import WallClock
from tests.support.faults.imap import events, until

pytestmark = pytest.mark.needs("gcc", "libc6-dev")

DAY_S = 86_400
YEAR_S = 365 * DAY_S
ROUTE = '\n[[outbound.routes]]\ndomain = "down.test"\nhost = "127.0.0.1"\nport = 1\n'
ALICE = "alice@example.test"


class World:
    """A demo whose clock is in the test's hands: a message deleted, one waiting for a server that is down."""

    def __init__(self, demo: Demo, clock: WallClock) -> None:
        self.demo = demo
        self.clock = clock
        self.sent = 0
        self.seen: list[tuple[int, int]] = []  # UIDNEXT and HIGHESTMODSEQ as they were

    def begin(self) -> None:
        self.mail()
        self.mail()
        with self.demo.inbox("alice") as client:
            client.store("1", "+FLAGS", r"(\Deleted)")
            client.expunge()
        with smtplib.SMTP_SSL(
            "localhost", self.demo.port("submissions"), timeout=20, context=self.demo.tls()
        ) as client:
            client.login(ALICE, self.demo.password("alice"))
            client.sendmail(ALICE, ["someone@down.test"], b"From: <alice@example.test>\r\nSubject: waits\r\n\r\nx\r\n")
        self.is_tried_again(0)

    def mail(self) -> None:
        """One more arrives; numbers only grow."""
        self.sent += 1
        self.demo.send(ALICE, b"Subject: number %d\r\n\r\nx\r\n" % self.sent)
        self.look()

    def look(self) -> None:
        with self.demo.imaps() as client:
            client.login(ALICE, self.demo.password("alice"))
            line = client.status("INBOX", "(UIDNEXT HIGHESTMODSEQ MESSAGES)")[1][0].decode()
            client.select("INBOX")
            uids = [int(uid) for uid in client.uid("SEARCH", "ALL")[1][0].split()]
        numbers = {name: int(value) for name, value in re.findall(r"([A-Z]+) (\d+)", line)}
        self.seen.append((numbers["UIDNEXT"], numbers["HIGHESTMODSEQ"]))
        assert self.seen == sorted(self.seen), "a number went back"
        assert len(set(uids)) == len(uids) == numbers["MESSAGES"]
        assert max(uids) < numbers["UIDNEXT"]

    def jump(self, seconds: int) -> None:
        """The clock is so far from the right time; the server says that it noticed."""
        count = self.jumps
        self.clock.set(seconds)
        until(lambda: self.jumps > count, "the jump is told")

    @property
    def jumps(self) -> int:
        return sum(record["e"]["fault"] == "F-clock" for record in events(self.demo, "fault_raised"))

    def waiting(self) -> dict[str, Any]:
        """The one recipient in the queue."""
        (row,) = self.rows("SELECT attempts, due_at_ms, created_at_ms FROM queue_recipient JOIN queue USING (queue_id)")
        return dict(zip(("attempts", "due_at_ms", "created_at_ms"), row, strict=True))

    def is_tried_again(self, attempts: int) -> None:
        until(lambda: int(self.waiting()["attempts"]) > attempts, "the queue goes on")

    def rows(self, sql: str) -> list[Any]:
        db = apsw.Connection(str(self.demo.root / "store" / "mail.sqlite"), flags=apsw.SQLITE_OPEN_READONLY)
        db.set_busy_timeout(5000)
        try:
            return list(db.execute(sql))
        finally:
            db.close()

    def kill_keeper(self) -> None:
        """The next first front cleans up at once."""
        pid = self.demo.pids()["front-0"]
        os.kill(pid, signal.SIGKILL)
        until(lambda: self.demo.pids().get("front-0", pid) != pid, "there is another")
        until(lambda: self.demo.run("queue", "list").returncode == 0, "it works")

    def restart(self) -> None:
        assert self.demo.stop() == 0
        self.demo.start()
        self.is_there()

    def is_there(self) -> None:
        """What has its time still has it: the deleted message, the journal of every delivery, the queued mail."""
        until(lambda: len(self.demo.pids()) > 4, "all are there")
        self.mail()
        assert len(self.rows("SELECT uid FROM vault")) == 1
        assert len(self.rows("SELECT number FROM journal WHERE op = 'deliver'")) >= self.sent
        assert self.waiting()
        assert not any(b"Undeliver" in text or b"delivery-status" in text for text in self.demo.messages("alice"))
        assert self.demo.run("events", "verify").returncode == 0
        assert self.demo.run("store", "check").returncode == 0


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    clock = WallClock(tmp_path)
    for name, value in clock.environment.items():
        monkeypatch.setenv(name, value)
    demo = prepared(tmp_path / "demo")
    with (demo.root / "skrytka.toml").open("a") as file:
        file.write(ROUTE)
    with demo:
        made = World(demo, clock)
        made.begin()
        yield made


def test_a_clock_ten_years_ahead_makes_nothing_old_and_nothing_waits_ten_years_when_it_is_right_again(
    world: World,
) -> None:
    attempts = world.waiting()["attempts"]
    world.jump(10 * YEAR_S)
    world.is_tried_again(attempts)  # it was due in five minutes: now it is due; not given up
    world.kill_keeper()
    world.is_there()
    world.restart()
    world.jump(0)
    assert world.waiting()["due_at_ms"] / 1000 < time.time() + 2 * DAY_S
    world.is_there()
    world.restart()
    assert world.demo.run("account", "list").returncode == 0


def test_a_clock_that_falls_to_1970_holds_up_no_mail_and_ends_nothing_when_it_is_right_again(world: World) -> None:
    attempts = world.waiting()["attempts"]
    with world.demo.inbox("alice") as client:
        world.jump(-int(time.time()) + DAY_S)
        assert client.create("Made-in-1970")[0] == "OK"
        (validity,) = re.findall(rb"UIDVALIDITY (\d+)", client.status("Made-in-1970", "(UIDVALIDITY)")[1][0])
        assert int(validity) > time.time() - DAY_S, "above all that were given before"
    world.is_tried_again(attempts)
    world.is_there()
    world.kill_keeper()
    with world.demo.inbox("alice") as client:
        client.store("1", "+FLAGS", r"(\Deleted)")
        client.expunge()
    assert {at for (at,) in world.rows("SELECT deleted_at_ms < 1000000000000 FROM vault")} == {0, 1}
    world.jump(0)
    world.kill_keeper()
    assert len(world.rows("SELECT uid FROM vault")) == 2, "what was deleted in 1970 keeps its 14 days"
    assert not world.rows("SELECT uid FROM vault WHERE deleted_at_ms < 1000000000000")
    assert world.waiting()["created_at_ms"] / 1000 > time.time() - DAY_S
    assert world.demo.run("events", "verify").returncode == 0


@pytest.mark.parametrize("hours", [25, -25])
def test_a_clock_that_is_a_day_wrong_disturbs_no_session_and_locks_nobody_out(world: World, hours: int) -> None:
    with world.demo.inbox("bob") as client:
        world.jump(hours * 3600)
        assert client.noop()[0] == "OK"
        world.demo.send("bob@example.test", b"Subject: for bob\r\n\r\nx\r\n")
        assert client.noop()[0] == "OK"
        assert client.search(None, "SUBJECT", '"for bob"')[1] == [b"1"]
        world.jump(0)
        assert client.noop()[0] == "OK"
    world.is_there()
