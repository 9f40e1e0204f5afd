from tests.unit.cli.conftest import Cli


def test_a_sound_store_is_0(cli: Cli) -> None:
    cli.answers["store.check"] = {"rules": ["a", "b"], "differences": []}
    assert cli("store", "check") == 0
    assert cli.out.split() == ["rules", "checked", "2", "difference", "0"]
    assert cli("store", "check", "--json") == 0
    assert cli.json == {"rules": ["a", "b"], "differences": [], "count": 0}


def test_a_difference_is_told_and_is_8(cli: Cli) -> None:
    difference = {"rule": "quota", "count": 3, "examples": ["1 5 6", "2 7 8"]}
    cli.answers["store.check"] = {"rules": ["quota"], "differences": [difference]}
    assert cli("store", "check") == 8
    assert "quota: 3, such as 1 5 6; 2 7 8" in cli.err
