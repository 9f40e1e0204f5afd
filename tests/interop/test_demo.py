"""The demo contract of step 1a, as a user and his tools meet it."""

import email
import imaplib
import os
import signal
import smtplib
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from skrytka.daemon.demo import STANDARD_PORTS
from tests.support.demo import Demo

MESSAGE = b"From: Someone <someone@example.net>\r\nTo: alice@example.test\r\nSubject: %s\r\n\r\nHello, Alice.\r\n"


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with Demo(is_new=True) as running:
        yield running


def subjects(demo: Demo, name: str) -> list[str]:
    return [email.message_from_bytes(raw)["Subject"] for raw in demo.messages(name)]


def test_mail_in_on_port_25_is_read_over_imaps(demo: Demo) -> None:
    demo.send("alice@example.test", MESSAGE % b"first light")
    (raw,) = (raw for raw in demo.messages("alice") if b"first light" in raw)
    assert raw.endswith(MESSAGE % b"first light")
    assert raw.startswith(b"Return-Path: <someone@example.net>\r\n")


def test_demo_json_is_as_promised(demo: Demo) -> None:
    facts = demo.facts
    assert stat.S_IMODE((demo.root / "demo.json").stat().st_mode) == 0o600
    assert sorted(facts) == ["accounts", "ca", "config", "ports"]
    assert sorted(facts["accounts"]) == [f"{name}@example.test" for name in ("admin", "alice", "bob", "carol")]
    assert len(set(facts["accounts"].values())) == 4
    assert facts["config"] == str(demo.root / "skrytka.toml")
    base = facts["ports"]["smtp"] - 25
    assert facts["ports"] == {name: base + port for name, port in STANDARD_PORTS.items()}
    assert demo.output.count("\nready") == 1


def test_one_session_and_process_group(demo: Demo) -> None:
    pids = demo.pids()
    assert {"supervisor", "store", "front-0", "front-1"} <= set(pids)
    assert {os.getsid(pid) for pid in pids.values()} == {demo.process.pid}
    assert pids["supervisor"] == demo.process.pid


def test_children_ignore_what_ends_or_reloads_the_parent(demo: Demo) -> None:
    before = demo.pids()
    for name, pid in before.items():
        if name != "supervisor":
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                os.kill(pid, number)
    demo.send("bob@example.test", MESSAGE % b"still here")
    assert "still here" in subjects(demo, "bob")
    assert demo.pids() == before


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "mail.example.test"])
def test_the_certificate_names_what_clients_call_it(demo: Demo, name: str) -> None:
    sock = socket.create_connection(("127.0.0.1", demo.port("imaps")))
    with demo.tls().wrap_socket(sock, server_hostname=name) as tls:
        assert tls.version() == "TLSv1.3"
        assert tls.recv(4) == b"* OK"


def test_starttls_on_port_25_is_offered_and_not_demanded(demo: Demo) -> None:
    with demo.smtp() as session:
        session.ehlo("example.net")
        assert session.has_extn("starttls")
        assert not session.has_extn("auth")
        session.starttls(context=demo.tls())
        session.sendmail("someone@example.net", ["carol@example.test"], MESSAGE % b"under TLS")
    assert "under TLS" in subjects(demo, "carol")


def test_a_stranger_from_another_loopback_address_is_served(demo: Demo) -> None:
    with demo.smtp(source="127.0.0.2") as session:
        session.sendmail("someone@example.net", ["carol@example.test"], MESSAGE % b"from a stranger")
    assert "from a stranger" in subjects(demo, "carol")


@pytest.mark.parametrize("name", ["postmaster", "abuse", "hostmaster", "security"])
def test_the_addresses_every_domain_must_have_take_mail(demo: Demo, name: str) -> None:
    demo.send(f"{name}@example.test", MESSAGE % b"to a role")


def test_a_bare_postmaster_takes_mail(demo: Demo) -> None:
    with demo.smtp() as session:
        session.ehlo("example.net")
        session.mail("")
        assert session.docmd("RCPT", "TO:<postmaster>")[0] == 250


@pytest.mark.parametrize("recipient", ["nobody@example.test", "someone@example.net", "someone@example.org"])
def test_mail_for_others_is_refused(demo: Demo, recipient: str) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
        demo.send(recipient, MESSAGE % b"refused")
    assert caught.value.recipients[recipient][0] == 550


def test_admin_is_for_the_web_only(demo: Demo) -> None:
    client = demo.imaps()
    with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
        client.login("admin@example.test", demo.password("admin"))
    client.shutdown()


def test_nothing_listens_beyond_loopback(demo: Demo) -> None:
    inodes = set()
    for pid in demo.pids().values():
        for link in Path(f"/proc/{pid}/fd").iterdir():
            target = os.readlink(link)
            if target.startswith("socket:"):
                inodes.add(target[8:-1])
    listening = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        if line.split()[3] == "0A" and line.split()[9] in inodes
    ]
    assert len(listening) == len(STANDARD_PORTS)
    assert {fields[1].partition(":")[0] for fields in listening} == {"0100007F"}


@pytest.mark.parametrize("victim", ["front-0", "front-1", "store"])
def test_a_killed_child_is_replaced_and_mail_works_again(demo: Demo, victim: str) -> None:
    before = demo.pids()[victim]
    os.kill(before, signal.SIGKILL)
    demo.wait_for(lambda: demo.pids().get(victim) not in (None, before), 20)
    for attempt in range(3):
        subject = b"after %s %d" % (victim.encode(), attempt)
        demo.send("alice@example.test", MESSAGE % subject)
        assert subject.decode() in subjects(demo, "alice")


def test_it_is_started_again_with_its_mail_and_passwords(tmp_path: Path) -> None:
    with Demo(tmp_path / "demo", is_new=True) as first:
        first.send("alice@example.test", MESSAGE % b"kept")
        facts = first.facts
    with Demo(tmp_path / "demo") as second:
        assert second.facts == facts
        assert subjects(second, "alice") == ["kept"]
    with Demo(tmp_path / "demo", arguments=["serve", "--config", facts["config"]]) as third:
        assert subjects(third, "alice") == ["kept"]


@pytest.mark.parametrize(
    ("number", "to_group"), [(signal.SIGTERM, True), (signal.SIGINT, True), (signal.SIGINT, False)]
)
def test_it_drains_and_exits_0(number: int, to_group: bool) -> None:
    demo = Demo(is_new=True)
    demo.start()
    try:
        client, session = demo.imaps(), demo.smtp()
        client.login("alice@example.test", demo.password("alice"))
        session.ehlo("example.net")
        assert demo.stop(number, to_group=to_group) == 0
        assert session.getreply() == (421, b"4.3.2 Service is restarting, try again soon")
        assert client.readline().startswith(b"* BYE")
        assert not demo.is_listening("smtp")
        session.close()
        client.shutdown()
    finally:
        demo.abandon()


def test_what_is_under_way_is_finished_before_it_ends() -> None:
    demo = Demo(is_new=True)
    demo.start()
    try:
        session = demo.smtp()
        session.ehlo("example.net")
        session.mail("someone@example.net")
        session.rcpt("alice@example.test")
        assert session.docmd("DATA")[0] == 354
        session.send(b"Subject: half")
        os.kill(demo.process.pid, signal.SIGTERM)
        demo.wait_for(lambda: not demo.is_listening("smtp"), 10)
        session.send(b" done\r\n\r\nbody\r\n.\r\n")
        assert session.getreply()[0] == 250
        assert session.getreply()[0] == 421
        session.close()
        assert demo.process.wait(20) == 0
        demo.start()
        assert subjects(demo, "alice") == ["half done"]
        assert demo.stop() == 0
    finally:
        demo.abandon()
