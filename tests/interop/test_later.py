"""When a message goes, by when, and how urgent it is: swaks and smtplib against a running server, which hands on to a
second Skrytka that is told such things, and to Debian's Postfix, which knows nothing of them.
"""

import json
import re
import smtplib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.interop.test_inbound import run
from tests.support.demo import Demo
from tests.support.dsn import Dsn, reports
from tests.support.neighbours import DORA, DORAS_PASSWORD, Net, neighbours

ALICE = "alice@example.test"
WAIT_S = 90.0
SETTINGS = "\n[submission]\npriority_max = 4\n"
pytestmark = pytest.mark.needs("postfix", "root")


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Net]:
    with neighbours(tmp_path_factory.mktemp("first") / "demo", SETTINGS) as found:
        yield found


def send(
    demo: Demo, recipient: str, subject: str, *, mail: tuple[str, ...] = (), rcpt: tuple[str, ...] = (), head: str = ""
) -> bytes:
    """What MAIL was answered."""
    with smtplib.SMTP_SSL("localhost", demo.port("submissions"), timeout=60, context=demo.tls()) as client:
        client.login(ALICE, demo.password("alice"))
        client.ehlo()
        code, text = client.mail(ALICE, mail)
        assert code == 250, text
        assert client.rcpt(recipient, rcpt)[0] == 250
        assert client.data(f"From: {ALICE}\r\nSubject: {subject}\r\n{head}\r\nhello\r\n")[0] == 250
        return text


def queued(demo: Demo, *arguments: str) -> list[dict[str, Any]]:
    return list(json.loads(demo.run("queue", "list", "--json", *arguments).stdout))


def soon(find: Callable[[], Any], what: str, demo: Demo) -> Any:
    end = time.monotonic() + WAIT_S
    while not (found := find()):
        assert time.monotonic() < end, (what, demo.run("queue", "list").stdout, demo.output)
        time.sleep(0.2)
    return found


def with_subject(messages: list[bytes], subject: str) -> list[bytes]:
    return [each for each in messages if f"\nSubject: {subject}".encode() in each]


def at_second(net: Net, subject: str) -> bytes:
    """What dora has, read with her own password."""

    def find() -> list[bytes]:
        with net.second.imaps() as client:
            client.login(DORA, DORAS_PASSWORD)
            client.select("INBOX")
            _status, data = client.uid("FETCH", "1:*", "(BODY.PEEK[])")
        return with_subject([part[1] for part in data if isinstance(part, tuple)], subject)

    (message,) = soon(find, subject, net.first)
    assert isinstance(message, bytes)
    return message


def at_postfix(net: Net, subject: str) -> bytes:
    (message,) = soon(lambda: with_subject(net.postfix.messages(), subject), subject, net.first)
    assert isinstance(message, bytes)
    return message


def told(net: Net, envid: str) -> Dsn:
    """The one report about it."""
    find = lambda: [dsn for dsn in reports(net.first.messages("alice")) if dsn.envid == envid]  # noqa: E731
    (dsn,) = soon(find, envid, net.first)
    assert isinstance(dsn, Dsn)
    return dsn


@pytest.mark.needs("swaks", "libnet-ssleay-perl")
def test_swaks_schedules_a_message_and_it_goes_when_it_is_time(net: Net, tmp_path: Path) -> None:
    demo = net.first
    (tmp_path / "mail").write_text(f"From: {ALICE}\nSubject: by swaks\nMT-Priority: 9\n\nhello\n")
    server = ("--server", "localhost", "--port", str(demo.port("submission")), "--tls", "--helo", "client.example.org")
    login = ("--auth", "PLAIN", "--auth-user", ALICE, "--auth-password", demo.password("alice"))
    trust = ("--tls-verify", "--tls-ca-path", demo.facts["ca"])
    # swaks has no option for it: it writes MAIL FROM:<...> around this, and the last > is a part of the ENVID
    began = time.time()
    path = f"{ALICE}> HOLDFOR=8 BY=300;N ENVID=swaks"
    people = ("--from", path, "--to", "bob@example.test,x@peer.test")
    output = run("swaks", *server, *login, *trust, *people, "--data", f"@{tmp_path / 'mail'}")
    assert re.search(r"250-FUTURERELEASE 2592000 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\n", output)
    assert "250-DELIVERBY 60\n" in output
    assert "250-MT-PRIORITY MIXER\n" in output
    assert "250 2.3.6 4 is the new priority assigned to the message, accepted " in output
    rows = queued(demo, "--state", "scheduled")
    assert {(row["recipient"], row["kind"], row["priority"]) for row in rows} == {
        ("bob@example.test", "local", 4),
        ("x@peer.test", "outbound", 4),
    }
    assert all(row["deliver_by_mode"] == "N" for row in rows)
    assert "scheduled" in demo.run("queue", "show", rows[0]["id"]).stdout
    assert with_subject(demo.messages("bob"), "by swaks") == []
    message = at_postfix(net, "by swaks")
    assert time.time() >= began + 8
    soon(lambda: with_subject(demo.messages("bob"), "by swaks"), "bob", demo)
    assert b" PRIORITY 4;" in message
    assert message.count(b"MT-Priority: ") == 1
    assert b"\nMT-Priority: 4\n" in message
    assert told(net, "swaks>").action == "relayed"
    assert queued(demo) == []


def test_a_scheduled_message_that_is_named_is_released_or_removed(net: Net) -> None:
    demo = net.first
    send(demo, "x@peer.test", "released", mail=("HOLDFOR=3600",))
    send(demo, "x@peer.test", "removed", mail=("HOLDFOR=3600",))
    first, second = sorted(queued(demo, "--state", "scheduled"), key=lambda row: row["id"])
    assert demo.run("queue", "release", "all").stdout == "no recipient fits: none is released\n"
    assert demo.run("queue", "remove", second["id"]).returncode == 0
    assert demo.run("queue", "release", first["id"]).stdout == "1 recipient is released\n"
    at_postfix(net, "released")
    assert queued(demo) == []
    assert with_subject(net.postfix.messages(), "removed") == []


def test_a_second_skrytka_hears_by_when_and_how_urgent(net: Net) -> None:
    assert (
        send(net.first, "dora@second.test", "in time", mail=("BY=120;RT", "ENVID=trace", "MT-PRIORITY=3"))
        == b"2.1.0 Sender OK, priority 3"
    )
    message = at_second(net, "in time")
    first, second = re.findall(rb"^Received: .*\r\n(?:[ \t].*\r\n)*", message, re.MULTILINE)
    assert b" PRIORITY 3; " in first
    assert b" PRIORITY 3;" in second
    assert b"MT-Priority" not in message
    dsn = told(net, "trace")
    assert (dsn.action, dsn.field("Deliver-By-Date") != "") == ("relayed", True)


def test_postfix_promises_no_time(net: Net) -> None:
    send(net.first, "x@peer.test", "back at once", mail=("BY=120;R", "ENVID=back"))
    dsn = told(net, "back")
    assert (dsn.action, dsn.field("Status")) == ("failed", "5.3.3")
    send(net.first, "x@peer.test", "told", mail=("BY=120;N", "ENVID=told"))
    at_postfix(net, "told")
    assert told(net, "told").action == "relayed"
    assert with_subject(net.postfix.messages(), "back at once") == []


def test_the_time_passes_at_a_server_that_defers(net: Net) -> None:
    """The message of mode N is tried every second, and told of when its two seconds are over."""
    send(net.first, "later@peer.test", "late", mail=("BY=2;N", "ENVID=late"))
    dsn = told(net, "late")
    assert (dsn.action, dsn.field("Status")) == ("delayed", "4.4.7")
    (row,) = queued(net.first)
    assert row["state"] == "waiting"
    assert net.first.run("queue", "remove", row["id"]).returncode == 0
