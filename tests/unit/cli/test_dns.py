from typing import Any

import pytest

from tests.unit.cli.conftest import Cli

RIGHT = {
    "kind": "mx",
    "name": "example.org",
    "type": "MX",
    "value": "10 mail.example.org.",
    "state": "right",
    "problem": "",
    "found": ["10 mail.example.org."],
    "detail": "",
    "is_optional": False,
    "is_fault": False,
}
MISSING = RIGHT | {
    "name": "_dmarc.example.org",
    "type": "TXT",
    "value": '"v=DMARC1; p=quarantine"',
    "state": "missing",
    "problem": "absent",
    "found": [],
    "is_fault": True,
}
UNKNOWN = RIGHT | {"state": "unknown", "problem": "no_answer", "found": []}
OPTIONAL = MISSING | {"name": "autoconfig.example.org", "is_optional": True, "is_fault": False}


def answer(*records: dict[str, Any]) -> dict[str, Any]:
    return {"domain": "example.org", "zone_file": "; example.org\nexample.org. MX\n", "records": list(records)}


def test_records_and_table_say_what_to_do(cli: Cli) -> None:
    cli.answers["dns.look"] = answer(RIGHT, MISSING)
    assert cli("dns", "example.org", "--language", "en") == 8
    assert cli.asked == [("dns.look", {"domain": "example.org"})]
    assert cli.out.startswith("; example.org\nexample.org. MX\n\nstate")
    told = " ".join(cli.out.splitlines()[-1].split())
    assert told == 'missing _dmarc.example.org TXT it is not there -> publish TXT "v=DMARC1; p=quarantine"'


def test_the_table_speaks_polish(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKRYTKA_LANGUAGE", "pl")
    cli.answers["dns.look"] = answer(MISSING, OPTIONAL)
    assert cli("dns", "example.org", "--table") == 8
    assert cli.out.startswith("stan")
    assert "brak" in cli.out
    assert "brak (nieobowiązkowy)" in cli.out


@pytest.mark.parametrize(
    ("records", "status"),
    [
        ((RIGHT,), 0),
        ((RIGHT, OPTIONAL), 0),
        ((RIGHT, RIGHT | {"state": "warning", "problem": "mx_others", "detail": "b.example"}), 0),
        ((RIGHT, MISSING), 8),
        ((UNKNOWN, MISSING), 8),
        ((UNKNOWN, RIGHT), 4),
        ((UNKNOWN | {"is_optional": True}, RIGHT), 0),
    ],
)
def test_the_exit_code_tells_faults_from_silence(cli: Cli, records: tuple[dict[str, Any], ...], status: int) -> None:
    cli.answers["dns.look"] = answer(*records)
    assert cli("dns", "example.org", "--json") == status


def test_programs_get_the_words_too(cli: Cli) -> None:
    cli.answers["dns.look"] = answer(RIGHT, MISSING)
    cli("dns", "example.org", "--json", "--language", "pl")
    assert [(row["what"], row["do"]) for row in cli.json["records"]] == [
        ("", ""),
        ("nie ma go", 'opublikuj TXT "v=DMARC1; p=quarantine"'),
    ]


def test_the_zone_file_alone_asks_for_no_look(cli: Cli) -> None:
    cli.answers["dns.records"] = answer()
    assert cli("dns", "example.org", "--bind") == 0
    assert cli.out == "; example.org\nexample.org. MX\n"
    assert [command for command, _ in cli.asked] == ["dns.records"]


def test_what_a_stranger_published_gives_the_terminal_no_orders(cli: Cli) -> None:
    cli.answers["dns.look"] = answer(RIGHT | {"found": ["\x1b[2J"]})
    cli("dns", "example.org")
    assert "\x1b" not in cli.out
