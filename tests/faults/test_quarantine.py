"""A message that two inspectors died of, on a running server: set apart, kept by its sender, or refused, and told."""

import imaplib
import smtplib
from collections.abc import Iterator

import pytest

from tests.support.demo import Demo
from tests.support.faults.contents import opened
from tests.support.faults.imap import events, until
from tests.support.faults.poison import MARK, MESSAGE, Killer, files_with

FOLDERS = {b"Archive", b"Drafts", b"INBOX", b"Junk", b"Sent", b"Trash"}
ORDINARY = b"Subject: ordinary\r\n\r\nmail\r\n"


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with Demo() as running:
        yield running


def folders(client: imaplib.IMAP4) -> set[bytes]:
    return {line.rpartition(b' "/" ')[2].strip(b'"') for line in client.list()[1] if isinstance(line, bytes)}


def is_served(demo: Demo) -> bool:
    """Mail comes in, and nothing else is in the INBOX."""
    before = len(demo.messages("alice"))
    demo.send("alice@example.test", ORDINARY)
    return [found.endswith(ORDINARY) for found in demo.messages("alice")][before:] == [True]


def test_from_outside_it_goes_sealed_into_a_mailbox_that_no_client_sees(demo: Demo) -> None:
    told = deaths(demo)
    with Killer(demo) as killer:
        demo.send("alice@example.test", MESSAGE)
    assert len(killer.killed) == 2
    assert demo.messages("alice") == []
    with demo.inbox("alice") as client:
        assert folders(client) == FOLDERS
        assert client.select("quarantine")[0] == "NO"
        assert client.status("quarantine", "(MESSAGES)")[0] == "NO"
    until(lambda: len(events(demo, "message_quarantined")) == 1, "an event tells of it")
    assert is_served(demo)
    until(lambda: deaths(demo) == told + 2, "a fault for each death")
    assert demo.stop() == 0
    with opened(demo.root) as contents:
        found = [one for one in contents.messages() if one.name == "alice"]
    assert len(found) == 2
    assert len({one.mailbox for one in found}) == 2
    assert list(files_with(demo.root, MARK)) == []
    demo.start()


def deaths(demo: Demo) -> int:
    faults = [record["e"]["fault"] for record in events(demo, "fault_raised")]
    return sum(fault.startswith("F-inspector-") for fault in faults)


def test_append_is_refused_and_the_client_keeps_it(demo: Demo) -> None:
    with demo.inbox("alice") as client, Killer(demo) as killer:
        client.sock.settimeout(60)
        client.send(b"a APPEND INBOX {%d}\r\n" % len(MESSAGE))
        assert client.readline().startswith(b"+ ")
        client.send(MESSAGE + b"\r\n")
        assert client.readline().startswith(b"a NO")
        assert client.noop()[0] == "OK"
        assert client.search(None, "SUBJECT", MARK.decode())[1] == [b""]
    assert len(killer.killed) == 2
    assert is_served(demo)


def test_a_submission_is_deferred_and_its_sender_keeps_it(demo: Demo) -> None:
    with smtplib.SMTP_SSL("localhost", demo.port("submissions"), timeout=60, context=demo.tls()) as client:
        client.login("bob@example.test", demo.password("bob"))
        with Killer(demo) as killer, pytest.raises(smtplib.SMTPDataError) as caught:
            client.sendmail("bob@example.test", ["alice@example.test"], MESSAGE)
    assert caught.value.smtp_code == 451
    assert len(killer.killed) == 2
    assert is_served(demo)
    assert len(events(demo, "message_quarantined")) == 1  # that from outside
