import pytest

from tests.unit.cli.conftest import Cli

INFO = {
    "number": 7,
    "name": "phone",
    "services": ["imap"],
    "networks": [],
    "created_at_ms": 1_800_000_000_000,
    "expires_at_ms": None,
    "used_at_ms": 1_800_000_000_000,
    "used_from": "192.0.2.7",
    "used_by": "imaps",
}
MADE = {"address": "alice@example.org", "app_password": INFO, "password": "abcd-efgh"}
ALICE = "alice@example.org"


def test_one_is_made_and_shown(cli: Cli) -> None:
    cli.answers = {"app_password.add": MADE}
    assert cli("app-password", "add", ALICE, "phone", "--service", "imap", "--days", "30") == 0
    assert "abcd-efgh" in cli.out
    (asked,) = cli.asked
    assert asked == (
        "app_password.add",
        {"address": ALICE, "name": "phone", "services": ("imap",), "networks": (), "days": 30},
    )
    assert cli("app-password", "add", ALICE, "phone", "--json") == 0
    assert cli.json == MADE


def test_they_are_listed_with_their_last_use(cli: Cli) -> None:
    cli.answers = {"app_password.list": [INFO]}
    assert cli("app-password", "list", ALICE) == 0
    assert "phone" in cli.out
    assert "192.0.2.7" in cli.out


@pytest.mark.parametrize(("args", "command"), [(["7"], "app_password.remove"), (["--all"], "app_password.remove_all")])
def test_one_is_removed_or_all(cli: Cli, args: list[str], command: str) -> None:
    cli.answers = {command: {"address": ALICE, "count": 1}}
    assert cli("app-password", "remove", ALICE, *args) == 0
    assert cli.out == "1 removed\n"


@pytest.mark.parametrize("args", [[], ["7", "--all"], ["0"], ["x"]])
def test_which_one_has_to_be_said(cli: Cli, args: list[str]) -> None:
    assert cli("app-password", "remove", ALICE, *args) == 2
