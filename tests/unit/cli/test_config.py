from tests.support import installations
from tests.unit.cli.conftest import Cli


def test_settings_without_a_mistake_are_0(cli: Cli) -> None:
    installations.make(cli.root)
    path = cli.root / "skrytka.toml"
    path.write_text(path.read_text() + '\n[dns]\nresolvers = ["127.0.0.1:1"]\ntimeout_s = 0.5\n')
    assert cli("config", "check") == 0
    assert "no mistakes" in cli.out
    assert "DNSSEC: 127.0.0.1 does not answer" in cli.out
    assert cli("config", "check", "--json") == 0
    assert cli.json == {"file": str(cli.root / "skrytka.toml"), "is_valid": True, "faults": [], "dnssec": "no answer"}


def test_every_mistake_is_told(cli: Cli) -> None:
    installations.make(cli.root)
    path = cli.root / "skrytka.toml"
    path.write_text(path.read_text() + "\n[login]\nwindow_s = 0\nwindow = 1\n")
    assert cli("config", "check") == 3
    assert len(cli.err.splitlines()) == 2
    assert cli("config", "check", "--json") == 3
    assert [fault["key"] for fault in cli.json["faults"]] == ["login.window_s", "login.window"]
    assert cli.json["is_valid"] is False
