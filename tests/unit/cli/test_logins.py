from tests.unit.cli.conftest import Cli

LOGIN = {"at": "2026-11-22T10:57:15.183Z", "outcome": "refused", "service": "imaps", "mechanism": "PLAIN", "means": "",
         "remote": "192.0.2.1", "country": "PL", "detail": "bad_credentials"}  # fmt: skip


def test_logins_of_an_account_are_a_table(cli: Cli) -> None:
    cli.answers["login.list"] = [LOGIN]
    assert cli("logins", "ann@example.org", "--limit", "5") == 0
    assert cli.asked == [("login.list", {"address": "ann@example.org", "limit": 5})]
    assert cli.out.splitlines()[1].split() == [value for value in LOGIN.values() if value]
    assert cli("logins", "ann@example.org", "--json") == 0
    assert cli.json == [LOGIN]
    assert cli("logins", "ann@example.org", "--limit", "0") == 2


def test_an_account_that_somebody_else_was_in_is_locked_and_trusted_again(cli: Cli) -> None:
    cli.answers["account.compromised"] = {"address": "a@b.c", "is_locked": True, "has_changed": True, "held": 2}
    cli.answers["account.trust"] = {"address": "a@b.c", "is_locked": False, "has_changed": True, "held": 0}
    assert cli("account", "compromised", "a@b.c") == 0
    assert "a@b.c is locked, 2 in the queue held" in cli.out
    assert cli("account", "trust", "a@b.c", "--json") == 0
    assert cli.json["has_changed"]
