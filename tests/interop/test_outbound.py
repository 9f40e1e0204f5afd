"""Mail to a second Skrytka, to Debian's Postfix, and back; a Postfix that refuses and greylists."""

import json
import os
import re
import signal
import smtplib
import time
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.support.demo import Demo
from tests.support.neighbours import Net, neighbours
from tests.support.signing import arc_verified, verified

ALICE = "alice@example.test"
WAIT_S = 90.0
SEALED = (  # whole: Postfix completes what it delivers to people of its own, and breaks signatures by that
    b"From: x@example.net\r\nDate: Fri, 15 Jan 2027 09:00:00 +0100\r\nMessage-ID: <1@example.net>\r\n\r\nsealed\r\n"
)


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Net]:
    with neighbours(tmp_path_factory.mktemp("first") / "demo", "\n[dkim]\nis_arc_sealing = true\n") as found:
        yield found


def send(demo: Demo, *recipients: str, text: str, options: tuple[str, ...] = ()) -> None:
    message = f"From: {ALICE}\r\nTo: {', '.join(recipients)}\r\nSubject: x\r\n\r\n.\r\n..dots\r\n{text}\r\n"
    with smtplib.SMTP_SSL("localhost", demo.port("submissions"), timeout=60, context=demo.tls()) as client:
        client.login(ALICE, demo.password("alice"))
        client.sendmail(ALICE, list(recipients), message, rcpt_options=options)


def wait_for(demo: Demo, name: str, *texts: bytes) -> bytes:
    """The one message of the INBOX that has all of them."""
    end = time.monotonic() + WAIT_S
    while not (found := [each for each in demo.messages(name) if all(text in each for text in texts)]):
        assert time.monotonic() < end, (demo.run("queue", "list").stdout, demo.output)
        time.sleep(0.3)
    assert len(found) == 1
    return found[0]


def queued(demo: Demo) -> list[dict[str, Any]]:
    return list(json.loads(demo.run("queue", "list", "--json").stdout))


def events(demo: Demo, what: str) -> str:
    return demo.run("trace", what).stdout


@pytest.mark.needs("postfix", "root")
class TestAmongServers:
    def test_mail_to_a_second_skrytka_goes_under_tls(self, net: Net) -> None:
        send(net.first, "dora@second.test", text="to a second one")
        end = time.monotonic() + WAIT_S
        while "message_delivered" not in events(net.second, "dora@second.test"):
            assert time.monotonic() < end
            time.sleep(0.3)
        assert "status=2.6.0" in events(net.first, "dora@second.test")
        assert "tls=TLSv1.3" in events(net.first, "dora@second.test")

    def test_mail_to_postfix_arrives_as_it_was(self, net: Net) -> None:
        before = len(net.postfix.messages())
        send(net.first, "anybody@peer.test", text="to postfix")
        message = net.postfix.wait_for(before + 1)[-1]
        assert message.endswith(b"\n.\n..dots\nto postfix\n")
        assert message.count(b"\nReceived: ") == 2
        assert b"\nReceived: by mail.example.test with ESMTPSA " in message

    def test_what_postfix_gets_is_signed_by_the_keys_that_the_demo_publishes(self, net: Net) -> None:
        assert net.first.run("dkim", "check").returncode == 0  # it looks at its start, too
        before = len(net.postfix.messages())
        send(net.first, "signed@peer.test", text="two  spaces")
        message = net.postfix.wait_for(before + 1)[-1]
        zone = yaml.safe_load((net.first.root / "zone.yml").read_text())
        records = {name: entries[0]["TXT"] for name, entries in zone.items() if "._domainkey." in name}
        assert sorted(verified(message, records).values()) == [True, True]
        assert all(name in events(net.first, "signed@peer.test") for name in records)
        assert not any(verified(message.replace(b"two", b"too"), records).values())

    def test_what_is_forwarded_to_postfix_and_the_report_that_comes_back(self, net: Net) -> None:
        assert net.first.run("alias", "add", "fwd@example.test", "anybody@peer.test").returncode == 0
        before = len(net.postfix.messages())
        with smtplib.SMTP("127.0.0.1", net.first.port("smtp"), timeout=60) as client:
            client.sendmail("x@peer.test", ["fwd@example.test"], b"From: x@peer.test\r\n\r\nforwarded\r\n")
        message = net.postfix.wait_for(before + 1)[-1]
        found = re.search(
            rb"^Return-Path: <(SRS0=[a-z2-7]{10}=[a-z2-7]{2}=peer\.test=x@example\.test)>", message, re.MULTILINE
        )
        assert found, message
        assert b"\nDelivered-To: fwd@example.test\n" in message
        with smtplib.SMTP("127.0.0.1", net.first.port("smtp"), timeout=60) as client:
            client.ehlo()
            client.mail("x@peer.test")
            assert client.rcpt(found[1].decode())[0] == 550
            client.rset()
            client.sendmail("", [found[1].decode()], b"From: mailer@peer.test\r\n\r\na report\r\n")
        report = net.postfix.wait_for(before + 2)[-1]
        assert b"a report" in report
        assert b"Return-Path: <>" in report

    def test_what_is_forwarded_to_postfix_is_sealed_with_what_was_found(self, net: Net) -> None:
        assert net.first.run("dkim", "check").returncode == 0
        assert net.first.run("alias", "set", "sealed@example.test", "anybody@peer.test").returncode == 0
        before = len(net.postfix.messages())
        with smtplib.SMTP("127.0.0.1", net.first.port("smtp"), "mail.example.net", timeout=60) as client:
            client.sendmail("x@example.net", ["sealed@example.test"], SEALED)
        message = net.postfix.wait_for(before + 1)[-1]
        zone = yaml.safe_load((net.first.root / "zone.yml").read_text())
        records = {name: entries[0]["TXT"] for name, entries in zone.items() if "._domainkey." in name}
        assert arc_verified(message, records) == ("pass", "example.test")
        assert b"\nAuthentication-Results: mail.example.test;\n\tspf=pass smtp.mailfrom=x@example.net;" in message
        assert b"\nARC-Authentication-Results: i=1; mail.example.test;\n\tspf=pass " in message
        assert arc_verified(message.replace(b"sealed", b"healed"), records)[0] == "fail"

    def test_mail_from_postfix_comes_back(self, net: Net) -> None:
        with smtplib.SMTP("127.0.0.1", net.postfix.port, timeout=60) as client:
            message = b"From: x@peer.test\r\nSubject: back\r\n\r\n.\r\nand back\r\n"
            client.sendmail("x@peer.test", ["bob@example.test"], message)
        found = wait_for(net.first, "bob", b"and back")
        assert found.endswith(b"\r\n\r\n.\r\nand back\r\n")

    def test_what_postfix_refuses_comes_back_as_a_report(self, net: Net) -> None:
        send(net.first, "no@peer.test", text="refused")
        report = wait_for(net.first, "alice", b"Final-Recipient: rfc822; no@peer.test")
        assert b"Diagnostic-Code: smtp; 550 5.1.1 <no@peer.test>" in report
        assert b"Action: failed" in report
        assert queued(net.first) == []

    def test_what_postfix_defers_waits_and_is_tried_again(self, net: Net) -> None:
        send(net.first, "later@peer.test", "anybody@peer.test", text="greylisted")
        end = time.monotonic() + WAIT_S
        while not (rows := queued(net.first)) or rows[0]["attempts"] < 2:
            assert time.monotonic() < end, rows
            time.sleep(0.3)
        (row,) = rows
        assert (row["recipient"], row["reason"], row["state"]) == ("later@peer.test", "4.7.1", "waiting")
        assert net.first.run("queue", "hold", row["id"]).returncode == 0
        assert net.first.run("queue", "remove", row["id"]).returncode == 0
        assert queued(net.first) == []

    def test_a_postfix_that_takes_its_time_is_left_and_tried_again(self, net: Net) -> None:
        send(net.first, "slow@peer.test", text="slow")
        end = time.monotonic() + WAIT_S
        while not (rows := queued(net.first)) or not rows[0]["attempts"]:
            assert time.monotonic() < end, rows
            time.sleep(0.3)
        (row,) = rows
        assert (row["recipient"], row["reason"]) == ("slow@peer.test", "4.4.2")
        assert net.first.run("queue", "remove", "all", "--recipient", "slow@peer.test").returncode == 0

    def test_a_confirmation_that_was_asked_for_comes_from_where_it_ends(self, net: Net) -> None:
        options = ("NOTIFY=SUCCESS", "ORCPT=rfc822;old+2Bdora@example.test")
        send(net.first, "dora@second.test", text="confirm", options=options)
        report = wait_for(net.second, "alice", b"Final-Recipient: rfc822; dora@second.test")  # serves example.test too
        assert b"Action: delivered" in report
        assert b"Original-Recipient: rfc822; old+dora@example.test" in report

    def test_postfix_takes_over_what_the_sender_wants_to_hear(self, net: Net) -> None:
        send(net.first, "wanted@peer.test", text="confirm", options=("NOTIFY=SUCCESS", "ORCPT=rfc822;old@example.test"))
        report = wait_for(net.first, "alice", b"wanted@peer.test", b"delivered")
        assert b"Reporting-MTA: dns; mail.peer.test" in report
        assert b"Original-Recipient: rfc822;old@example.test" in report

    def test_a_killed_front_loses_nothing_that_was_accepted(self, net: Net) -> None:
        before = len(net.postfix.messages())
        for number in range(10):
            send(net.first, "anybody@peer.test", text=f"killed {number}")
        os.kill(net.first.pids()["front-0"], signal.SIGKILL)
        end = time.monotonic() + WAIT_S
        wanted = {f"killed {number}".encode() for number in range(10)}
        while wanted - {text for text in wanted for each in net.postfix.messages()[before:] if text in each}:
            assert time.monotonic() < end, queued(net.first)
            time.sleep(0.3)
