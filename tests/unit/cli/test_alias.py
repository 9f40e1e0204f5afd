from tests.unit.cli.conftest import Cli

INFO = {"address": "all@example.test", "kind": "alias", "targets": ["a@example.test", "b@example.test"]}


def test_aliases_are_added_listed_and_removed(cli: Cli) -> None:
    cli.answers = {"alias.add": INFO, "alias.list": [INFO], "alias.remove": INFO}
    assert cli("alias", "add", "all@example.test", "a@example.test", "b@example.test") == 0
    assert cli.out == "all@example.test leads to a@example.test, b@example.test\n"
    assert cli("alias", "list") == 0
    assert "a@example.test, b@example.test" in cli.out
    assert cli("alias", "remove", "all@example.test") == 0
    assert cli.asked[0] == ("alias.add", {"address": INFO["address"], "targets": INFO["targets"]})
    assert cli.asked[2] == ("alias.remove", {"address": INFO["address"]})


def test_an_alias_is_led_elsewhere_in_one_command(cli: Cli) -> None:
    cli.answers = {"alias.set": INFO}
    assert cli("alias", "set", "all@example.test", "a@example.test", "b@example.test") == 0
    assert cli.out == "all@example.test leads to a@example.test, b@example.test\n"
    assert cli.asked == [("alias.set", {"address": INFO["address"], "targets": INFO["targets"]})]


def test_an_alias_wants_a_target(cli: Cli) -> None:
    assert cli("alias", "set", "all@example.test") == 2
    assert cli("alias", "add", "all@example.test") == 2
