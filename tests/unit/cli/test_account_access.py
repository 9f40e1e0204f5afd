from typing import Any

from tests.unit.cli.conftest import Cli

ALICE, BOB = "alice@example.org", "bob@example.org"
FREE: dict[str, Any] = {
    "services": None, "networks": [], "hours": [], "zone": "UTC", "applies_to": ["smtp"], "senders": [],
    "messages_per_hour": None, "recipients_per_hour": None, "recipients_per_day": None,
}  # fmt: skip
DELEGATION: dict[str, Any] = {
    "address": ALICE, "delegate": BOB, "kind": "send_as", "created_at_ms": 1_800_000_000_000,
    "mailbox": "", "rights": "",
}  # fmt: skip
CERTIFICATE = {"address": ALICE, "fingerprint": "ab" * 32, "created_at_ms": 1_800_000_000_000}


def test_a_control_is_shown_and_changed_field_by_field(cli: Cli) -> None:
    cli.answers = {"account.control": FREE | {"networks": ["192.0.2.0/24"]}, "account.control.set": FREE}
    assert cli("account", "control", ALICE) == 0
    assert "networks: 192.0.2.0/24" in cli.out
    assert cli("account", "control", ALICE, "--json") == 0
    assert cli.json["networks"] == ["192.0.2.0/24"]
    assert cli("account", "control", ALICE, "--service", "smtp", "--messages-per-hour", "5") == 0
    assert cli.asked[-1][1]["control"] == FREE | {
        "networks": ["192.0.2.0/24"], "services": ("smtp",), "messages_per_hour": 5,
    }  # fmt: skip
    assert cli("account", "control", ALICE, "--messages-per-hour", "-1", "--json") == 0
    assert cli.asked[-1][1]["control"]["messages_per_hour"] is None
    assert cli("account", "control", ALICE, "--clear") == 0
    assert cli.asked[-1] == ("account.control.set", {"address": ALICE, "control": {}})


def test_an_account_is_shown_with_all_that_it_may(cli: Cli) -> None:
    cli.answers = {
        "account.show": {"address": ALICE, "status": "active"},
        "account.control": FREE | {"senders": ["news-*@example.org"]},
        "delegation.list": [DELEGATION],
        "app_password.list": [],
        "certificate.login.list": [CERTIFICATE],
    }
    assert cli("account", "show", ALICE) == 0
    for text in (
        "status: active",
        "control senders: news-*@example.org",
        f"{BOB} may send_as {ALICE}",
        "certificates: 1",
    ):
        assert text in cli.out
    assert cli("account", "show", ALICE, "--json") == 0
    assert cli.json["delegations"] == [DELEGATION]


def test_certificates_come_and_go(cli: Cli, tmp_path: Any) -> None:
    cli.answers = {
        "certificate.login.add": CERTIFICATE,
        "certificate.login.list": [CERTIFICATE],
        "certificate.login.remove": CERTIFICATE,
    }
    (tmp_path / "c.pem").write_text("PEM", encoding="utf-8")
    assert cli("account", "certificate", "add", ALICE, str(tmp_path / "c.pem")) == 0
    assert cli.asked[-1][1] == {"address": ALICE, "certificate": "PEM"}
    assert cli("account", "certificate", "list", ALICE) == 0
    assert "ab" * 32 in cli.out
    assert cli("account", "certificate", "remove", ALICE, "ab" * 32) == 0
    assert "no more" in cli.out


def test_delegations_come_and_go(cli: Cli) -> None:
    cli.answers = {"delegation.add": DELEGATION, "delegation.list": [DELEGATION], "delegation.remove": DELEGATION}
    assert cli("delegation", "add", ALICE, BOB, "send_as") == 0
    assert cli.out == f"{BOB} may send_as {ALICE}\n"
    assert cli("delegation", "list", ALICE) == 0
    assert BOB in cli.out
    assert cli("delegation", "remove", ALICE, BOB, "send_as") == 0
    assert cli("delegation", "add", ALICE, BOB, "read") == 2


def test_mailboxes_are_shared(cli: Cli) -> None:
    shared = DELEGATION | {"kind": "mailbox", "mailbox": "Work", "rights": "lr"}
    cli.answers = {
        "delegation.mailbox.add": shared,
        "delegation.mailbox.remove": shared,
        "delegation.list": [shared],
        "account.show": {"address": ALICE},
        "account.control": FREE,
        "app_password.list": [],
        "certificate.login.list": [],
    }
    assert cli("delegation", "add", ALICE, BOB, "mailbox", "--mailbox", "Work", "--rights", "rl") == 0
    assert cli.out == f"{BOB} may lr in Work of {ALICE}\n"
    assert cli.asked[-1][1] == {"address": ALICE, "delegate": BOB, "mailbox": "Work", "rights": "rl"}
    assert cli("delegation", "add", ALICE, BOB, "mailbox") == 0
    assert cli.asked[-1][1] == {"address": ALICE, "delegate": BOB}
    assert cli("account", "show", ALICE) == 0
    assert f"{BOB} may lr in Work of {ALICE}" in cli.out
    assert cli("delegation", "remove", ALICE, BOB, "mailbox", "--mailbox", "Work") == 0
    assert cli.out == f"{BOB} may not use Work of {ALICE} any more\n"
    assert cli("delegation", "add", ALICE, BOB, "send_as", "--mailbox", "Work") == 2
    assert cli("delegation", "remove", ALICE, BOB, "on_behalf", "--mailbox", "Work") == 2
