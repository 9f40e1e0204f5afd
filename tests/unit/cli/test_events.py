import json
from pathlib import Path

import pytest

from tests.support import installations
from tests.unit.cli.conftest import Cli


@pytest.fixture
def events(cli: Cli) -> Path:
    installations.make(cli.root)
    day = cli.root / "events" / "2026-11-22"
    day.mkdir()
    return day


@pytest.mark.usefixtures("events")
def test_a_sound_log_is_0(cli: Cli) -> None:
    assert cli("events", "verify") == 0
    assert "problems" in cli.out
    assert cli("events", "verify", "--json") == 0
    assert cli.json["problems"] == []


def test_a_log_that_somebody_changed_is_told(cli: Cli, events: Path) -> None:
    line = {"v": 1, "at": "x", "chain": "c", "seq": 1, "kind": "k", "trace": "", "ph": "", "prev": "", "hash": "0"}
    (events / "mail.jsonl").write_text(json.dumps({"h": line}) + "\n" + json.dumps(line) + "\n")
    status = cli("events", "verify", "--json")
    assert (status == 8) == bool(cli.json["problems"])
    assert cli.json["problems"] or cli.json["torn"]


def test_without_an_installation_there_is_nothing_to_verify(cli: Cli) -> None:
    assert cli("events", "verify") == 3
    assert "skrytka init" in cli.err
