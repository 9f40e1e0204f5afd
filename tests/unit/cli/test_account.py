import io

import pytest

from tests.unit.cli.conftest import Cli

INFO = {
    "account": 5,
    "address": "eva@example.test",
    "status": "active",
    "quota_bytes": 0,
    "used_bytes": 0,
    "messages": 0,
    "created_at_ms": 0,
    "services": [],
}


@pytest.fixture(autouse=True)
def answers(cli: Cli) -> None:
    for name in ("add", "password", "quota", "suspend", "resume"):
        cli.answers[f"account.{name}"] = dict(INFO)
    cli.answers["account.list"] = [INFO]
    cli.answers["account.remove"] = {"address": "eva@example.test", "dangling_aliases": ["sales@example.test"]}


def type_in(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


def test_a_password_that_is_made_up_is_shown_once(cli: Cli) -> None:
    assert cli("account", "add", "eva@example.test") == 0
    ((command, args),) = cli.asked
    assert command == "account.add"
    assert args == {
        "address": "eva@example.test",
        "password": args["password"],
        "quota_bytes": None,
        "is_admin": False,
    }
    assert len(args["password"]) == 23
    assert args["password"] in cli.out


@pytest.mark.parametrize("command", ["add", "password"])
def test_who_gives_a_password_that_opens_no_mail_is_told_so(cli: Cli, command: str) -> None:
    assert cli("account", command, "eva@example.test") == 0
    assert "opens no mail" not in cli.out
    cli.answers[f"account.{command}"] = INFO | {"must_change": "once"}
    assert cli("account", command, "eva@example.test") == 0
    assert "it opens no mail: within a week its owner chooses his own" in cli.out


@pytest.mark.parametrize("command", ["add", "password"])
def test_a_password_that_was_given_is_not_shown(cli: Cli, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    type_in(monkeypatch, " with spaces \nmore")
    assert cli("account", command, "eva@example.test", "--password-stdin", "--json") == 0
    assert cli.asked[0][1]["password"] == " with spaces "
    assert "with spaces" not in cli.out
    assert cli.json == INFO


def test_options_of_a_new_account_reach_the_server(cli: Cli) -> None:
    cli("account", "add", "eva@example.test", "--quota", "1G", "--admin")
    assert cli.asked[0][1]["quota_bytes"] == 1024**3
    assert cli.asked[0][1]["is_admin"] is True


def test_json_of_a_made_up_password_has_it(cli: Cli) -> None:
    cli("account", "password", "eva@example.test", "--json")
    assert cli.json == INFO | {"password": cli.asked[0][1]["password"]}


def test_accounts_are_listed(cli: Cli) -> None:
    assert cli("account", "list", "example.test") == 0
    assert cli.asked == [("account.list", {"domain": "example.test"})]
    assert "eva@example.test  active" in cli.out
    cli("account", "list", "--json")
    assert cli.json == [INFO]


@pytest.mark.parametrize(
    ("arguments", "args"),
    [
        (("quota", "eva@example.test", "10k"), {"address": "eva@example.test", "quota_bytes": 10240}),
        (("suspend", "eva@example.test"), {"address": "eva@example.test"}),
        (("resume", "eva@example.test"), {"address": "eva@example.test"}),
    ],
)
def test_an_account_is_changed(cli: Cli, arguments: tuple[str, ...], args: dict[str, object]) -> None:
    assert cli("account", *arguments) == 0
    assert cli.asked == [(f"account.{arguments[0]}", args)]
    assert "eva@example.test" in cli.out


def test_a_removed_account_tells_which_aliases_lead_to_it(cli: Cli) -> None:
    assert cli("account", "remove", "eva@example.test") == 0
    assert "sales@example.test" in cli.out


def test_on_a_terminal_removing_asks_first(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    type_in(monkeypatch, "n\n")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    assert cli("account", "remove", "eva@example.test") == 130
    assert cli.asked == []
    assert cli("account", "remove", "eva@example.test", "--yes") == 0


STATE = {
    "address": "eva@example.test",
    "factors": [
        {
            "factor": 1,
            "kind": "totp",
            "name": "phone",
            "created_at_ms": 0,
            "used_at_ms": None,
            "is_passkey": False,
            "is_locked": False,
        }
    ],
    "recovery_codes": 9,
    "is_required": True,
    "due_at_ms": 1,
    "rule": "domain example.test",
    "is_overdue": False,
}


def test_the_factors_of_an_account_are_shown(cli: Cli) -> None:
    cli.answers["account.factors"] = STATE
    assert cli("account", "factors", "eva@example.test") == 0
    assert all(word in cli.out for word in ("domain example.test", "1970-01-01", "phone", "totp", "9"))
    cli.answers["account.factors"] = STATE | {"factors": [], "due_at_ms": None, "rule": ""}
    assert cli("account", "factors", "eva@example.test") == 0
    assert "phone" not in cli.out
    assert cli("account", "factors", "eva@example.test", "--json") == 0
    assert cli.json["recovery_codes"] == 9


@pytest.mark.parametrize("command", ["reset-factors", "reset-password", "distrust"])
def test_a_code_for_the_owner_is_shown_once(cli: Cli, command: str) -> None:
    name = f"account.{command.replace('-', '_')}"
    cli.answers[name] = {"address": "eva@example.test", "code": "abcde-fghij", "expires_at_ms": 0}
    assert cli("account", command, "eva@example.test") == 0
    assert cli.out.rstrip().endswith("abcde-fghij")
    assert cli.asked == [(name, {"address": "eva@example.test"})]


def test_an_account_has_a_language(cli: Cli) -> None:
    cli.answers = {"account.language": {"address": "ann@example.test", "language": "pl"}}
    for tag in ("pl", "default"):
        assert cli("account", "language", "ann@example.test", tag) == 0
    assert cli.asked == [
        ("account.language", {"address": "ann@example.test", "language": "pl"}),
        ("account.language", {"address": "ann@example.test", "language": None}),
    ]
