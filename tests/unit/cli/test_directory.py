from tests.unit.cli.conftest import Cli


def test_what_a_sync_did_is_shown(cli: Cli) -> None:
    cli.answers = {"directory.sync": [{"address": "alice@example.org", "change": "add", "detail": "uid=alice"}]}
    assert cli("directory", "sync", "--dry-run") == 0
    assert "alice@example.org" in cli.out
    assert cli.asked == [("directory.sync", {"is_dry": True, "is_forced": False})]
    cli.answers = {"directory.sync": []}
    assert cli("directory", "sync") == 0
    assert cli.out == "Nothing to do.\n"
    assert cli("directory", "sync", "--json") == 0
    assert cli.json == []
