import pytest

from tests.unit.cli.conftest import Cli

KEY = {
    "id": "01J",
    "account": 3,
    "address": "a@example.test",
    "name": "sync",
    "permissions": ["account.read"],
    "domain": None,
    "networks": [],
    "per_minute": 600,
    "created_at_ms": 1_800_000_000_000,
    "expires_at_ms": 1_800_000_000_000,
    "used_at_ms": None,
}
ASKED = {"address": "a@example.test", "name": "sync", "domain": None, "networks": (), "per_minute": 600, "days": 90}


def test_a_key_is_made_listed_and_taken_back(cli: Cli) -> None:
    made = {"key": KEY, "token": "skrytka_3_01J_ff"}
    cli.answers = {"api_key.add": made, "api_key.list": [KEY], "api_key.remove": KEY}
    assert cli("api-key", "add", "a@example.test", "sync", "--permission", "account.read") == 0
    assert cli.out == "the key 01J of a@example.test, shown once:\n  skrytka_3_01J_ff\n"
    assert cli("api-key", "list") == 0
    assert ("sync" in cli.out, "a@example.test" in cli.out) == (True, True)
    assert "2027-01-15" in cli.out
    assert cli("api-key", "remove", "01J") == 0
    assert cli.out == "the key sync is gone\n"
    assert cli.asked == [
        ("api_key.add", ASKED | {"permissions": ("account.read",)}),
        ("api_key.list", {}),
        ("api_key.remove", {"id": "01J"}),
    ]


def test_all_is_said_in_one_word(cli: Cli) -> None:
    cli.answers = {"api_key.add": {"key": KEY, "token": "t"}}
    assert cli("api-key", "add", "a@example.test", "sync", "--all", "--json") == 0
    assert cli.asked == [("api_key.add", ASKED | {"permissions": ("*",)})]


@pytest.mark.parametrize("what", [(), ("--all", "--permission", "account.read")])
def test_what_it_may_has_to_be_said(cli: Cli, what: tuple[str, ...]) -> None:
    assert cli("api-key", "add", "a@example.test", "sync", *what) == 2
