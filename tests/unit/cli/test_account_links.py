from tests.unit.cli.conftest import Cli

ALICE, ISSUER = "alice@example.org", "https://login.example.org"
LINK = {"address": ALICE, "issuer": ISSUER, "subject": "s-1", "created_at_ms": 1_800_000_000_000}


def test_links_are_shown_and_ended(cli: Cli) -> None:
    cli.answers = {"account.links": [LINK], "account.unlink": []}
    assert cli("account", "link", "list", ALICE) == 0
    assert ISSUER in cli.out
    assert cli("account", "link", "remove", ALICE, ISSUER) == 0
    assert cli.asked == [
        ("account.links", {"address": ALICE}),
        ("account.unlink", {"address": ALICE, "issuer": ISSUER}),
    ]


def test_an_account_without_a_password_waits_for_a_provider(cli: Cli) -> None:
    cli.answers = {"provider.account.add": {"address": ALICE}}
    assert cli("account", "add", ALICE, "--provider", "corp") == 0
    assert cli.asked == [("provider.account.add", {"provider": "corp", "address": ALICE})]
    assert cli("account", "add", ALICE, "--provider", "corp", "--admin") == 2
