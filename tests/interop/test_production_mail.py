"""An installation as ``init`` makes it, with two domains, taking mail: from the first command to the last check."""

import fcntl
import os
import smtplib
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.production import Installation

MESSAGE = b"From: Someone <someone@example.net>\r\nTo: you\r\nSubject: %s\r\n\r\nbody\r\n"
DOMAINS = ("example.org", "example.com")
PASSWORD = "Gęś jaźń, zażółć!"
ADMIN = 1  # the first account of an installation


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The second domain and the people come while it runs."""
    with Installation.made(tmp_path_factory.mktemp("production") / "s", "example.org", PASSWORD) as installation:
        installation.do("domain", "add", "example.com")
        for domain in DOMAINS:
            installation.do("account", "add", f"eva@{domain}", "--password-stdin", text=PASSWORD)
        yield installation


def subjects(installation: Installation, address: str) -> list[str]:
    with installation.client(address, PASSWORD) as client:
        client.select("INBOX")
        found = client.uid("FETCH", "1:*", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1]
        return [part[1].decode().removeprefix("Subject: ").strip() for part in found if isinstance(part, tuple)]


@pytest.mark.parametrize("domain", DOMAINS)
def test_mail_for_each_domain_is_read_by_its_own_people(made: Installation, domain: str) -> None:
    made.send(f"eva@{domain}", MESSAGE % domain.encode())
    assert subjects(made, f"eva@{domain}") == [domain]


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("role", ["postmaster", "Abuse", "hostmaster", "security"])
def test_the_roles_of_every_domain_reach_the_administrator(made: Installation, domain: str, role: str) -> None:
    trace = accepted(made, f"<{role}@{domain}>")
    (delivered,) = (event for event in made.result("trace", trace) if event["kind"] == "message_delivered")
    assert delivered["fields"]["account"] == ADMIN


def test_a_bare_postmaster_is_that_of_the_server(made: Installation) -> None:
    trace = accepted(made, "<Postmaster>")  # RFC 5321 4.1.1.3: in any case
    assert [event["kind"] for event in made.result("trace", trace)].count("message_delivered") == 1
    assert trace in {event["trace"] for event in made.result("trace", "postmaster@example.org")} | {
        event["trace"] for event in made.result("trace", "admin@example.org")
    }


def accepted(made: Installation, path: str) -> str:
    """The trace id in the reply to one message."""
    with made.smtp() as session:
        session.ehlo("example.net")
        session.mail("someone@example.net")
        assert session.docmd("RCPT", f"TO:{path}")[0] == 250
        code, text = session.data(MESSAGE % b"to a role")
        assert code == 250
        return text.decode().split()[-1]


@pytest.mark.parametrize("recipient", ["eva@example.net", "postmaster@example.net", "nobody@example.com"])
def test_nothing_is_taken_for_others(made: Installation, recipient: str) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        made.send(recipient, MESSAGE % b"no")


def test_the_greeting_names_the_host_and_not_the_program_version(made: Installation) -> None:
    with smtplib.SMTP() as session:
        code, text = session.connect("127.0.0.1", made.port("smtp"))
        assert code == 220
        assert text.startswith(b"mail.example.org ESMTP")
        assert not any(character.isdigit() for character in text.decode())
        session.ehlo("example.net")


def test_the_store_has_no_difference_and_the_events_verify(made: Installation) -> None:
    made.send("eva@example.org", MESSAGE % b"counted")
    assert made.result("store", "check")["count"] == 0
    assert made.result("events", "verify")["problems"] == []


def test_the_master_key_is_closed(made: Installation) -> None:
    key = (made.root / "keys/master.key").stat()
    assert stat.S_IMODE(key.st_mode) == 0o600
    assert key.st_uid == os.geteuid()


def test_a_stopped_server_is_administered_under_the_lock(made: Installation) -> None:
    assert made.stop() == 0
    try:
        assert len(made.result("account", "list")) == 3
        assert made.result("store", "check")["count"] == 0
        with held(made.root / "run/lock") as holder:
            for command in (("account", "list"), ("store", "check"), ("domain", "add", "example.net"), ("serve",)):
                refused = made.run(*command)
                assert refused.returncode == 4
                assert f"in use by process {holder.pid}; stop it first" in refused.stderr
                assert refused.stdout == ""
        assert [row["name"] for row in made.result("domain", "list")] == sorted(DOMAINS)
    finally:
        made.start()
    assert made.result("store", "check")["count"] == 0


class held:  # noqa: N801 - read as a verb
    """Another program that has the folder's lock, and no control socket."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.pid = 0

    def __enter__(self) -> "held":
        program = "import sys; print(flush=True); sys.stdin.read()"
        self._file = self.path.open("r+")
        fcntl.flock(self._file, fcntl.LOCK_EX)
        self._process = subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=[self._file.fileno()],
        )
        self.pid = self._process.pid
        self._file.write(f"{self.pid}\n")
        self._file.truncate()
        self._file.close()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=10)
