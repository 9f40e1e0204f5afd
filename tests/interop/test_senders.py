"""Forged and honest mail at port 25 of a running demo: what the peer hears, where it is then, what the log tells."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from signal import SIGHUP
from smtplib import SMTP, SMTPDataError
from typing import Any

import pytest

from tests.support.demo import Demo

BANK = "From: Bank <security@bank.test>\r\nTo: alice@example.test\r\nSubject: %s\r\n\r\nClick here\r\n"
SHOP = BANK.replace("bank.test", "shop.test")
OWN = BANK.replace("security@bank.test", "bob@example.test")
HONEST = BANK.replace("security@bank.test", "someone@example.net")


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with Demo() as running:
        yield running


def send(demo: Demo, message: str, reverse_path: str = "someone@example.net") -> bytes:
    """The reply to the message."""
    with SMTP("127.0.0.1", demo.port("smtp"), local_hostname="mail.example.net", timeout=60) as client:
        client.ehlo()
        client.mail(reverse_path)
        client.rcpt("alice@example.test")
        code, text = client.data(message)
        if code != 250:
            raise SMTPDataError(code, text)
        return text


def refusal(demo: Demo, message: str) -> tuple[int, bytes]:
    with pytest.raises(SMTPDataError) as caught:
        send(demo, message)
    text = caught.value.smtp_error
    return caught.value.smtp_code, text if isinstance(text, bytes) else text.encode()


def found(demo: Demo, mailbox: str, subject: str) -> list[bytes]:
    """By Python's imaplib."""
    with demo.inbox("alice") as client:
        assert client.select(mailbox)[0] == "OK"
        _status, numbers = client.search(None, "SUBJECT", f'"{subject}"')
        parts: list[Any] = [client.fetch(number.decode(), "(BODY.PEEK[])")[1][0] for number in numbers[0].split()]
        return [part[1] for part in parts]


def trace(demo: Demo, *what: str) -> str:
    done = demo.run("trace", *what)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_honest_mail_is_in_the_inbox_with_its_results(demo: Demo) -> None:
    send(demo, HONEST % "honest")
    (content,) = found(demo, "INBOX", "honest")
    field = re.search(rb"^Authentication-Results: mail\.example\.test;\r\n(?:\t[^\n]*\n)+", content, re.MULTILINE)
    assert field is not None
    assert b"spf=pass smtp.mailfrom=someone@example.net" in field[0]
    assert b"dmarc=none header.from=example.net" in field[0]
    assert field.start() < content.index(b"\r\nReceived: ")


def test_mail_in_the_name_of_a_bank_is_refused_and_the_log_says_why(demo: Demo) -> None:
    code, text = refusal(demo, BANK % "forged")
    assert code == 550
    assert text.startswith(b"5.7.1 bank.test asks to refuse mail")
    trace_id = re.search(rb"\(trace ([0-9A-Z]{26})\)", text)
    assert trace_id is not None
    assert found(demo, "INBOX", "forged") == found(demo, "Junk", "forged") == []
    told = trace(demo, trace_id[1].decode())
    assert "DMARC fail for bank.test, whose owner asks p=reject at bank.test, so it is refused" in told
    events = json.loads(trace(demo, trace_id[1].decode(), "--json"))
    assert [event["kind"] for event in events] == ["sender_checked", "message_refused"]
    assert events[1]["fields"]["reason"] == "dmarc_reject"


def test_our_own_name_proves_nothing(demo: Demo) -> None:
    send(demo, OWN % "from bob")
    (content,) = found(demo, "INBOX", "from bob")
    assert b"dmarc=fail header.from=example.test" in content


def test_what_is_to_be_quarantined_is_in_junk(demo: Demo) -> None:
    send(demo, SHOP % "cheap")
    assert found(demo, "INBOX", "cheap") == []
    (content,) = found(demo, "Junk", "cheap")
    assert b"dmarc=fail header.from=shop.test" in content


def test_a_forwarder_that_is_named_after_a_reload_is_let_in(demo: Demo) -> None:
    settings = Path(demo.root) / "skrytka.toml"
    before = settings.read_text()
    assert refusal(demo, BANK % "forwarded")[0] == 550
    override = '\n[[sender_auth.overrides]]\nnetwork = "127.0.0.0/8"\nnote = "the alumni"\n'
    settings.write_text(before + override)
    try:
        demo.process.send_signal(SIGHUP)
        text = b""
        for _ in range(50):  # each front takes them up in its own time
            with suppress(SMTPDataError):
                text = send(demo, BANK % "forwarded")
                break
        (content,) = found(demo, "INBOX", "forwarded")
        assert b"dmarc=fail header.from=bank.test" in content
        told = trace(demo, text.split()[-1].decode())
        assert "but it comes from a known forwarder (the alumni)" in told
    finally:
        settings.write_text(before)
