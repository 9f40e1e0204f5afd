"""Administration of a running server, and of a stopped one: the same commands with the same results."""

import email
import imaplib
import json
import os
import re
import smtplib
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.demo import COMMAND, Demo

MESSAGE = b"From: Someone <someone@example.net>\r\nSubject: %s\r\n\r\nbody\r\n"


@pytest.fixture(scope="module", params=["running", "stopped"])
def demo(request: pytest.FixtureRequest) -> Iterator[Demo]:
    """The commands are the same, whether the server runs or not."""
    with Demo() as made:
        made.send("alice@example.test", MESSAGE % b"traced")
        if request.param == "stopped":
            assert made.stop() == 0
        yield made
        if request.param == "stopped":
            made.start()


def result(demo: Demo, *arguments: str, text: str | None = None) -> Any:
    done = demo.run(*arguments, "--json", text=text)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def code(demo: Demo, *arguments: str) -> int:
    return demo.run(*arguments).returncode


def test_domains(demo: Demo) -> None:
    assert result(demo, "domain", "add", "Zażółć.example")["name"].startswith("xn--")
    names = [row["name"] for row in result(demo, "domain", "list")]
    assert "example.test" in names
    assert len(names) == 2
    assert code(demo, "domain", "add", "example.test") == 6
    assert code(demo, "domain", "add", "a..b") == 2
    assert code(demo, "domain", "remove", "nowhere.example") == 5
    assert code(demo, "domain", "remove", "example.test") == 7
    assert code(demo, "domain", "remove", next(name for name in names if name != "example.test")) == 0


def test_dns(demo: Demo) -> None:
    done = demo.run("dns", "example.test", "--json")
    assert done.returncode == 8, done.stderr
    states = {(row["name"], row["type"]): row["state"] for row in json.loads(done.stdout)["records"]}
    assert states["example.test", "MX"] == "right"
    assert states["_smtp._tls.example.test", "TXT"] == "missing"
    assert "example.test. 3600 IN MX 10 mail.example.test.\n" in demo.run("dns", "example.test", "--bind").stdout
    assert code(demo, "dns", "nowhere.example") == 5


def test_accounts(demo: Demo) -> None:
    made = result(demo, "account", "add", "Eva@example.test", "--password-stdin", text="Gęś jaźń\n")
    assert made["address"] == "eva@example.test"
    assert "password" not in made
    assert code(demo, "account", "add", "eva@example.test") == 6
    assert code(demo, "account", "add", "eva@example.org") == 5
    assert code(demo, "account", "add", "eva") == 2
    assert result(demo, "account", "quota", "eva@example.test", "10M")["quota_bytes"] == 10 * 1024**2
    assert result(demo, "account", "suspend", "eva@example.test")["status"] == "suspended"
    assert result(demo, "account", "resume", "eva@example.test")["status"] == "active"
    listed = {row["address"]: row for row in result(demo, "account", "list")}
    assert listed["eva@example.test"]["quota_bytes"] == 10 * 1024**2
    assert set(listed) == {f"{name}@example.test" for name in ("admin", "alice", "bob", "carol", "eva")}
    assert code(demo, "account", "remove", "eva@example.test") == 0
    assert code(demo, "account", "remove", "eva@example.test") == 5
    assert code(demo, "account", "password", "eva@example.test") == 5


def test_aliases(demo: Demo) -> None:
    made = result(demo, "alias", "add", "team@example.test", "alice@example.test", "bob@example.test")
    assert made["targets"] == ["alice@example.test", "bob@example.test"]
    assert code(demo, "alias", "add", "team@example.test", "alice@example.test") == 6
    assert result(demo, "alias", "add", "out@example.test", "Someone@example.org")["targets"] == ["Someone@example.org"]
    assert code(demo, "alias", "remove", "out@example.test") == 0
    assert code(demo, "alias", "add", "out@example.test", "someone@localhost") == 5
    assert code(demo, "alias", "add", "none@example.test", "nobody@example.test") == 5
    assert "team@example.test" in [row["address"] for row in result(demo, "alias", "list")]
    assert code(demo, "alias", "remove", "team@example.test") == 0
    assert code(demo, "alias", "remove", "team@example.test") == 5


def test_a_message_is_traced_by_address_and_by_id(demo: Demo) -> None:
    found = result(demo, "trace", "Alice@example.test")
    received = next(event for event in found if event["kind"] == "message_received")
    assert received["fields"]["reverse_path"] == "someone@example.net"
    by_id = result(demo, "trace", received["trace"])
    assert {"message_received", "message_delivered"} <= {event["kind"] for event in by_id}
    assert code(demo, "trace", "stranger@example.org") == 5
    assert code(demo, "trace", "what is this") == 2


def test_the_log_verifies_and_the_store_has_no_difference(demo: Demo) -> None:
    report = result(demo, "events", "verify")
    assert report["problems"] == []
    assert report["events"] > 10
    assert result(demo, "store", "check")["count"] == 0


def test_after_a_stop_all_events_but_the_last_are_signed() -> None:
    with Demo() as demo:
        demo.send("alice@example.test", MESSAGE % b"signed")
        assert demo.stop() == 0
        report = result(demo, "events", "verify")
        assert report["problems"] == []
        assert report["unsigned"] <= 1 + 10  # the checkpoint's own event, and what the demo's making left
        demo.start()


def test_the_reply_names_the_trace(demo: Demo) -> None:
    if not demo.pids():
        return  # stopped: nobody replies
    with demo.smtp() as session:
        session.ehlo("example.net")
        session.mail("someone@example.net")
        session.rcpt("bob@example.test")
        answer = session.data(MESSAGE % b"named")[1].decode()
    trace = re.findall(r"[0-9A-HJKMNP-TV-Z]{26}", answer)[-1]
    assert any(event["kind"] == "message_delivered" for event in result(demo, "trace", trace))


def test_what_is_changed_holds_at_once() -> None:
    with Demo() as demo:
        demo.run("alias", "add", "@example.test", "carol@example.test")
        demo.send("anything@example.test", MESSAGE % b"caught")
        assert email.message_from_bytes(demo.messages("carol")[0])["Subject"] == "caught"
        login(demo, "bob", demo.password("bob"))
        changed = result(demo, "account", "password", "bob@example.test")
        with pytest.raises(imaplib.IMAP4.error):
            login(demo, "bob", demo.password("bob"))
        login(demo, "bob", changed["password"])
        demo.run("account", "suspend", "bob@example.test")
        with pytest.raises(imaplib.IMAP4.error):
            login(demo, "bob", changed["password"])
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            demo.send("bob@example.test", MESSAGE % b"suspended")


def login(demo: Demo, name: str, password: str) -> None:
    client = demo.imaps()
    try:
        client.login(f"{name}@example.test", password)
    finally:
        client.shutdown()


@pytest.mark.needs("root")
def test_the_control_socket_is_closed_to_other_users() -> None:
    with Demo() as demo:
        command = ["setpriv", "--reuid=nobody", "--clear-groups", *COMMAND, "account", "list", "--dir", str(demo.root)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ.copy())
        assert done.returncode != 0
        assert "alice" not in done.stdout
