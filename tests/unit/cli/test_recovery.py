import io
from pathlib import Path

import pytest

from skrytka.daemon import setup
from skrytka.model.secret import Secret
from tests.unit.cli.conftest import Cli


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, bytes]]:
    calls: list[tuple[Path, bytes]] = []

    def confirm(root: Path, text: Secret) -> None:
        calls.append((root, text.reveal()))

    monkeypatch.setattr(setup, "confirm", confirm)
    return calls


def test_it_is_read_from_standard_input(
    cli: Cli, typed: list[tuple[Path, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("SKRYTKA-1-X\n"))
    assert cli("recovery", "confirm") == 0
    assert typed == [(cli.root, b"SKRYTKA-1-X\n")]


def test_it_is_read_from_a_file(cli: Cli, typed: list[tuple[Path, bytes]], tmp_path: Path) -> None:
    (tmp_path / "key").write_text("SKRYTKA-1-Y")
    assert cli("recovery", "confirm", "--file", str(tmp_path / "key")) == 0
    assert typed == [(cli.root, b"SKRYTKA-1-Y")]


def test_a_file_that_is_not_there_is_wrong_usage(cli: Cli, typed: list[tuple[Path, bytes]], tmp_path: Path) -> None:
    assert cli("recovery", "confirm", "--file", str(tmp_path / "nope")) == 2
    assert typed == []


def test_on_a_terminal_it_is_typed_unseen(
    cli: Cli, typed: list[tuple[Path, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("click.prompt", lambda _text, *, hide_input: "SKRYTKA-1-Z" if hide_input else "")
    assert cli("recovery", "confirm") == 0
    assert typed == [(cli.root, b"SKRYTKA-1-Z")]
