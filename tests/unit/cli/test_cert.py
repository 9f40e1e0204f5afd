import io
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Cli

ROW = {
    "names": ["mail.example.test"],
    "key": "ecdsa",
    "source": "https://ca.test/dir",
    "expires_at_ms": 1_800_000_000_000,
    "renews_at_ms": 1_700_000_000_000,
    "error": "",
}


def test_certificates_are_listed_and_renewed(cli: Cli) -> None:
    cli.answers = {"cert.list": [ROW], "cert.renew": [ROW], "cert.rollover": [ROW]}
    assert cli("cert", "list") == 0
    assert "2027-01-15 08:00:00Z" in cli.out
    assert cli("cert", "renew", "mail.example.test", "--json") == 0
    assert cli.json[0]["names"] == ["mail.example.test"]
    assert cli("cert", "renew") == 0
    assert cli("cert", "rollover", "mail.example.test") == 0
    assert cli.asked == [
        ("cert.list", {}),
        ("cert.renew", {"name": "mail.example.test"}),
        ("cert.renew", {"name": ""}),
        ("cert.rollover", {"name": "mail.example.test"}),
    ]


def test_one_that_was_not_to_be_had_is_a_failure(cli: Cli) -> None:
    cli.answers = {"cert.renew": [ROW | {"error": "ca.test: 503"}]}
    assert cli("cert", "renew") == 1


def test_machines_are_invited_listed_and_put_out(cli: Cli) -> None:
    machine = {
        "id": "01",
        "address": "a@example.test",
        "name": "laptop",
        "purpose": "remote",
        "invited_by": "local root",
    }
    times = {"enrolled_at_ms": 1_800_000_000_000, "renewed_at_ms": 0, "expires_at_ms": 1_800_000_000_000}
    row = machine | times
    invitation = {"machine": row, "token": "skrytka-machine_1_x"}
    cli.answers = {"machine.invite": invitation, "machine.list": [row], "machine.revoke": row}
    assert cli("cert", "invite", "a@example.test", "laptop", "--minutes", "5") == 0
    assert "skrytka-machine_1_x" in cli.out
    assert cli("cert", "invite", "a@example.test", "laptop", "--json") == 0
    assert cli.json["token"] == "skrytka-machine_1_x"
    assert cli("cert", "machines") == 0
    assert "2027-01-15 08:00:00Z" in cli.out
    assert cli("cert", "revoke", "a@example.test", "01") == 0
    assert "laptop of a@example.test" in cli.out
    assert cli.asked == [
        ("machine.invite", {"address": "a@example.test", "name": "laptop", "minutes": 5}),
        ("machine.invite", {"address": "a@example.test", "name": "laptop", "minutes": 15}),
        ("machine.list", {"domain": None}),
        ("machine.revoke", {"address": "a@example.test", "id": "01"}),
    ]


def test_a_server_that_is_not_there_enrols_nobody(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "own.pem"
    for url in ("https://127.0.0.1:1", "http://127.0.0.1"):
        monkeypatch.setattr("sys.stdin", io.StringIO("token\n"))
        assert cli("cert", "enrol", url, "--certificate-file", str(file)) != 0
    assert not file.exists()


def test_an_invitation_says_where_it_is_shown(cli: Cli) -> None:
    cli.answers["machine.invite"] = {"token": "skrytka-machine_x"}
    assert cli("cert", "invite", "dora@example.test", "laptop") == 0
    assert "skrytka cert enrol https://THIS-SERVER:8443" in cli.out
