from pathlib import Path

import pytest

from skrytka.cli import options
from tests.unit.cli.conftest import Cli


@pytest.mark.parametrize(
    "arguments",
    [
        ("--dir", "/x", "domain", "list"),
        ("domain", "list", "--dir", "/x"),
        ("--config", "/x/skrytka.toml", "domain", "list"),
        ("domain", "list", "--config", "/x/skrytka.toml"),
        ("--dir", "/y", "domain", "list", "--dir", "/x"),
    ],
)
def test_the_installation_is_named_before_or_after_the_command(cli: Cli, arguments: tuple[str, ...]) -> None:
    cli.answers["domain.list"] = []
    assert cli(*arguments) == 0
    assert cli.roots == [Path("/x")]


def test_without_a_name_it_is_the_environments_or_the_usual_one(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    cli.answers["domain.list"] = []
    cli("domain", "list")
    monkeypatch.delenv("SKRYTKA_DIR")
    cli("domain", "list")
    assert cli.roots == [cli.root, Path(options.DEFAULT_DIR)]


def test_a_relative_folder_is_that_of_the_shell(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    cli.answers["domain.list"] = []
    cli("domain", "list", "--dir", "here")
    assert cli.roots == [tmp_path / "here"]


def test_two_names_at_once_are_refused(cli: Cli) -> None:
    assert cli("domain", "list", "--dir", "/x", "--config", "/y") == 2


def test_a_server_is_named_with_who_asks_it(cli: Cli) -> None:
    assert cli("--server", "https://mail.example.test", "account", "list") == 2
    assert cli("--token-file", "x", "account", "list") == 2
    assert cli("--server", "https://mail.example.test", "--token-file", "/nonexistent", "account", "list") == 3


@pytest.mark.parametrize("command", [("serve",), ("config", "check"), ("recovery", "check"), ("events", "verify")])
def test_what_is_done_on_the_server_itself_is_not_done_here_instead(
    cli: Cli, tmp_path: Path, command: tuple[str, ...]
) -> None:
    there = ("--server", "https://mail.example.org", "--token-file", str(tmp_path / "token"))
    assert cli(*there, *command) == 2
    assert "leave --server off" in cli.err
