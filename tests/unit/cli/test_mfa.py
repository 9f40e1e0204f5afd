import pytest

from tests.unit.cli.conftest import Cli

RULE = {
    "scope": "domain",
    "subject": "example.org",
    "is_required": True,
    "grace_days": 14,
    "until_at_ms": None,
    "created_at_ms": 0,
}


@pytest.fixture(autouse=True)
def answers(cli: Cli) -> None:
    for name in ("require", "drop"):
        cli.answers[f"mfa.{name}"] = RULE
    cli.answers["mfa.exempt"] = RULE | {"subject": "eva@example.org", "is_required": False, "until_at_ms": 86_400_000}
    cli.answers["mfa.list"] = [RULE]


def test_a_factor_is_demanded(cli: Cli) -> None:
    assert cli("mfa", "require", "example.org") == 0
    assert cli.asked == [("mfa.require", {"target": "example.org", "grace_days": 14})]
    assert cli.out == "a second factor is demanded of example.org, after 14 days of grace\n"
    assert cli("mfa", "require", "role:user", "--grace-days", "30", "--json") == 0
    assert cli.json["subject"] == "example.org"


def test_an_exception_says_until_when(cli: Cli) -> None:
    assert cli("mfa", "exempt", "eva@example.org", "--days", "7", "--reason", "lost key") == 0
    assert cli.asked == [("mfa.exempt", {"address": "eva@example.org", "days": 7, "reason": "lost key"})]
    assert cli.out == "nothing is demanded of eva@example.org until 1970-01-02 00:00:00Z\n"
    assert cli("mfa", "exempt", "eva@example.org", "--days", "7") == 2  # without a reason


def test_rules_are_listed_and_dropped(cli: Cli) -> None:
    assert cli("mfa", "list") == 0
    assert "example.org" in cli.out
    assert cli("mfa", "list", "--json") == 0
    assert cli.json == [RULE]
    assert cli("mfa", "drop", "example.org") == 0
    assert cli.out == "there is no rule for example.org any more\n"
