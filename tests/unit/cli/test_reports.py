import asyncio
from pathlib import Path

import msgspec
import pytest

from skrytka.model.events import DmarcFailureReceived, DmarcReportReceived, Event, TlsReportReceived
from skrytka.store.events.writer import EventWriter
from skrytka.store.system import SystemClock, SystemRandom
from tests.support import installations
from tests.unit.cli.conftest import Cli
from tests.unit.daemon.test_report_log import DMARC, TLS


@pytest.fixture
def log(cli: Cli) -> Path:
    installations.make(cli.root)
    return cli.root / "events"


def write(log: Path, *events: Event) -> None:
    async def run() -> None:
        writer = EventWriter(log, "front-0", SystemClock(), SystemRandom())
        for event in events:
            writer.emit(event)
        await writer.flush()

    asyncio.run(run())


def test_who_sends_is_told_in_words(cli: Cli, log: Path) -> None:
    write(log, DMARC)
    assert cli("reports", "dmarc", "--language", "en") == 0
    assert "192.0.2.1: 3 proven, 0 not" in cli.out
    assert cli("reports", "dmarc", "Example.ORG", "--language", "pl") == 0
    assert "192.0.2.1: dowiedzione 3" in cli.out


def test_programs_get_json(cli: Cli, log: Path) -> None:
    write(log, DMARC, TLS)
    assert cli("reports", "dmarc", "--json") == 0
    (found,) = cli.json
    assert (found["domain"], found["passed"], found["senders"][0]["kind"]) == ("example.org", 3, "ours")
    assert cli("reports", "tls", "--json") == 0
    assert cli.json[0]["unproven"] == 1


def test_tls_is_told_in_words(cli: Cli, log: Path) -> None:
    write(log, msgspec.structs.replace(TLS, is_proven=True), msgspec.structs.replace(TLS, domain="a.example"))
    assert cli("reports", "tls", "--language", "en") == 0
    assert "1 times certificate-expired at mx.example.org" in cli.out
    assert "\n\nexample.org, " in cli.out


def test_what_a_stranger_says_gives_the_terminal_no_orders(cli: Cli, log: Path) -> None:
    write(log, msgspec.structs.replace(DMARC, organization="\x1b[2J"))
    assert cli("reports", "dmarc") == 0
    assert "\x1b" not in cli.out


@pytest.mark.usefixtures("log")
def test_nothing_came_is_said(cli: Cli) -> None:
    assert cli("reports", "dmarc") == 5
    assert "skrytka dns" in cli.err
    assert cli("reports", "tls", "--days", "1") == 5


@pytest.mark.usefixtures("log")
def test_what_is_no_domain_is_said(cli: Cli) -> None:
    assert cli("reports", "dmarc", "-x-.example") == 2
    assert cli("reports", "dmarc", "a b") == 2


def test_without_an_installation_there_is_nothing_to_read(cli: Cli) -> None:
    assert cli("reports", "dmarc") == 3


def test_the_kinds_are_those_of_the_log() -> None:
    assert isinstance(DMARC, DmarcReportReceived)
    assert isinstance(TLS, TlsReportReceived)


def test_single_failures_are_told_beside_the_sums_and_by_themselves(cli: Cli, log: Path) -> None:
    failure = DmarcFailureReceived(
        domain="news.example.org",
        sender="other.example",
        is_proven=True,
        failure="dmarc",
        alignment="dkim,spf",
        result="reject",
        source_ip="192.0.2.7",
        at_s=1,
    )
    write(log, DMARC, failure)
    assert cli("reports", "dmarc", "--language", "en") == 0
    assert "\n\nnews.example.org: 1 single messages that were not proven, told by other.example" in cli.out
    assert cli("reports", "failures", "news.example.org", "--language", "pl") == 0
    assert "1 razy z 192.0.2.7: dmarc" in cli.out
    assert cli("reports", "failures", "--json") == 0
    assert cli.json[0]["sources"][0]["source_ip"] == "192.0.2.7"
    assert cli("reports", "dmarc", "--json") == 0
    assert [each["domain"] for each in cli.json] == ["example.org"]
