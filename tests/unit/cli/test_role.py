from tests.unit.cli.conftest import Cli

ROW = {"address": "a@example.test", "role": "auditor", "domain": None, "given_at_ms": 1_800_000_000_000}


def test_roles_are_given_listed_and_taken(cli: Cli) -> None:
    cli.answers = {"role.give": [ROW], "role.list": [ROW], "role.take": []}
    assert cli("role", "give", "a@example.test", "auditor") == 0
    assert cli.out == "a@example.test has auditor (everywhere)\n"
    assert cli("role", "list", "--domain", "example.test") == 0
    assert "2027-01-15" in cli.out
    assert cli("role", "take", "a@example.test", "auditor", "--domain", "example.test") == 0
    assert cli.out == "a@example.test has no role\n"
    assert cli.asked == [
        ("role.give", {"address": "a@example.test", "role": "auditor", "domain": None}),
        ("role.list", {"domain": "example.test"}),
        ("role.take", {"address": "a@example.test", "role": "auditor", "domain": "example.test"}),
    ]


def test_a_role_has_to_be_one(cli: Cli) -> None:
    assert cli("role", "give", "a@example.test", "king") == 2
