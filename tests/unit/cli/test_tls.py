import asyncio
from pathlib import Path

import pytest

from skrytka.model.events import SessionClosed, SessionOpened
from skrytka.model.ids import TraceId, new_id
from skrytka.store.events.writer import EventWriter
from skrytka.store.system import SystemClock, SystemRandom
from tests.support import installations
from tests.unit.cli.conftest import Cli

OLD = "TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256"


@pytest.fixture
def told(cli: Cli) -> Cli:
    installations.make(cli.root)
    clock, random = SystemClock(), SystemRandom()

    async def write(folder: Path) -> None:
        writer = EventWriter(folder, "front-0", clock, random)
        for number, tls in enumerate((OLD, "TLSv1.3 TLS_AES_256_GCM_SHA384")):
            trace = TraceId(new_id(clock, random))
            writer.emit(SessionOpened(trace=trace, service="imaps", remote=f"192.0.2.{number}", local_port=993))
            writer.emit(SessionClosed(trace=trace, service="imaps", cause="quit", tls=tls))
        await writer.flush()

    asyncio.run(write(cli.root / "events"))
    return cli


def test_services_and_who_is_behind_are_tables(told: Cli) -> None:
    assert told("tls", "report", "--language", "en") == 0
    lines = [" ".join(line.split()) for line in told.out.splitlines()]
    assert lines[0] == "service sessions encrypted TLS 1.3 TLS 1.2 weak in clear failed verified"
    assert lines[1] == "imaps 2 100.0 % 1 1 0 0 - -"
    assert lines[-1].startswith(f"{OLD} imaps from 192.0.2.0 - 1 ")


def test_the_tables_speak_polish(told: Cli) -> None:
    assert told("tls", "report", "--language", "pl") == 0
    assert "Bez TLS 1.3" in told.out
    assert "od 192.0.2.0" in told.out


def test_programs_get_all_of_it(told: Cli) -> None:
    assert told("tls", "report", "--json", "--days", "1") == 0
    assert told.json["services"][0]["kinds"][OLD] == 1
    assert told.json["peers"][0]["peer"] == "192.0.2.0"


def test_exceptions_are_told_with_their_owners(told: Cli) -> None:
    config = told.root / "skrytka.toml"
    exception = '[[tls.legacy]]\nlistener = "imaps"\nowner = "Ola"\nversion = "TLSv1"\nuntil = "{}"\n'
    text = config.read_text()
    config.write_text(text + exception.format("2999-01-01"))
    assert told("tls", "report", "--language", "en") == 0
    assert " ".join(told.out.splitlines()[-1].split()) == "imaps 2999-01-01 Ola TLSv1 0"
    config.write_text(text + exception.format("2001-01-01"))
    assert told("tls", "report", "--json") == 0
    assert [(one["owner"], one["is_over"], one["uses"]) for one in told.json["exceptions"]] == [("Ola", True, 0)]


def test_without_sessions_there_is_nothing(cli: Cli) -> None:
    installations.make(cli.root)
    assert cli("tls", "report") == 5
    assert "no sessions" in cli.err
