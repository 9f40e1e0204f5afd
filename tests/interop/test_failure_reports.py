"""Failure reports by real servers: what the owner of a domain hears of a forged message, and what others tell of us."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from smtplib import SMTP, SMTPDataError
from typing import Any

import msgspec
import pytest
import yaml

from skrytka.inspect.check import reports_of
from skrytka.inspect.reports import reports
from skrytka.protocol.reports.failure import write_failure
from tests.support.demo import Demo, prepared
from tests.unit.protocol.reports.test_failure import REPORT

FORGED = "From: Bank <security@bank.test>\r\nTo: alice@example.test\r\nSubject: your money\r\n\r\nClick here\r\n"
ASKING = {
    "_dmarc.bank.test": [{"TXT": "v=DMARC1; p=reject; ruf=mailto:bob@example.test"}],
    "bank.test._report._dmarc.example.test": [{"TXT": "v=DMARC1"}],
}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder: Path = tmp_path_factory.mktemp("failures") / "demo"
    prepared(folder)
    with (folder / "skrytka.toml").open("a") as config:
        config.write("\n[reports]\nis_failure_sent = true\n")
    zone = yaml.safe_load((folder / "zone.yml").read_text())
    (folder / "zone.yml").write_text(yaml.safe_dump({**zone, **ASKING}))
    with Demo(folder) as running:
        yield running


def send(demo: Demo, message: str | bytes, reverse_path: str = "someone@example.net") -> None:
    with SMTP("127.0.0.1", demo.port("smtp"), local_hostname="mail.example.net", timeout=60) as client:
        client.sendmail(reverse_path, ["alice@example.test"], message)


def waited_for(demo: Demo, name: str, text: bytes) -> bytes:
    end = time.monotonic() + 60
    while not (found := [each for each in demo.messages(name) if text in each]):
        assert time.monotonic() < end, demo.output
        time.sleep(0.2)
    (message,) = found
    return message


def test_the_owner_of_a_domain_is_told_once_of_what_was_forged(demo: Demo) -> None:
    for _ in range(2):
        with pytest.raises(SMTPDataError) as caught:
            send(demo, FORGED)
        assert caught.value.smtp_code == 550
    message = waited_for(demo, "bob", b"feedback-report")
    (found,) = reports_of(reports(message)).failures
    assert (found.domain, found.failure, found.alignment, found.result) == ("bank.test", "dmarc", "dkim,spf", "reject")
    assert found.source_ip == "127.0.0.1"
    assert message.startswith(b"Return-Path: <>\r\n")
    for secret in (b"alice", b"money", b"Click"):
        assert secret not in message
    assert "failure_report_sent" in demo.run("trace", "bob@example.test").stdout


def test_what_others_tell_of_us_is_read_and_told_in_words(demo: Demo) -> None:
    told: Any = msgspec.structs.replace(REPORT, domain="example.test")
    send(demo, write_failure(told))
    waited_for(demo, "alice", b"feedback-report")
    found = json.loads(demo.run("reports", "failures", "example.test", "--json").stdout)
    assert [(each["domain"], each["count"]) for each in found] == [("example.test", 1)]
    done = demo.run("reports", "dmarc", "--language", "pl")
    assert "pojedyncze wiadomości niedowiedzione: 1" in done.stdout
