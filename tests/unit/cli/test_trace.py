from typing import Any

from tests.unit.cli.conftest import Cli

EVENT: dict[str, Any] = {
    "at": "2026-11-22T10:57:15.183Z",
    "kind": "message_received",
    "trace": "01KB0000000000000000000000",
    "fields": {"remote": "192.0.2.1", "recipients": ["a@b.c", "d@e.f"], "size_bytes": 5},
}


def test_what_happened_is_one_line_each(cli: Cli) -> None:
    cli.answers["trace"] = [EVENT]
    assert cli("trace", "a@b.c") == 0
    assert cli.asked == [("trace", {"what": "a@b.c"})]
    line = cli.out.splitlines()[1]
    assert line.startswith(EVENT["at"])
    assert line.rstrip().endswith("remote=192.0.2.1 recipients=a@b.c,d@e.f size_bytes=5")


def test_programs_get_the_events_as_they_are(cli: Cli) -> None:
    cli.answers["trace"] = [EVENT]
    assert cli("trace", "a@b.c", "--json") == 0
    assert cli.json == [EVENT]


def test_nothing_known_is_not_found(cli: Cli) -> None:
    cli.answers["trace"] = []
    assert cli("trace", "a@b.c", "--json") == 5
    assert cli.json == []
    assert cli("trace", "a@b.c") == 5
    assert cli.out == ""
