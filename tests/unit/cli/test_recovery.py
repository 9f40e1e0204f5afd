import io
from pathlib import Path

import pytest

from skrytka.daemon import recovery as daemon
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


KEY_FILE_TEXT = "SKRYTKA-1-W"
DAMAGED = ("key ring entry node:queue version 1",)


@pytest.fixture
def key_file(tmp_path: Path) -> str:
    (tmp_path / "key").write_text(KEY_FILE_TEXT)
    return str(tmp_path / "key")


@pytest.mark.parametrize(("damaged", "status"), [((), 0), (DAMAGED, 8)])
def test_a_check_says_how_much_opens(
    cli: Cli, key_file: str, monkeypatch: pytest.MonkeyPatch, damaged: tuple[str, ...], status: int
) -> None:
    monkeypatch.setattr(daemon, "check", lambda _layout, _text: daemon.Checked(keys=4, damaged=damaged))
    assert cli("recovery", "check", "--file", key_file) == status
    assert ("all 4 keys" in cli.out) is not bool(damaged)
    assert ("node:queue" in cli.err) is bool(damaged)
    assert cli("recovery", "check", "--file", key_file, "--json") == status
    assert cli.json == {"keys": 4, "damaged": list(damaged)}


@pytest.mark.parametrize(
    ("done", "said"),
    [
        (daemon.Restored(keys=4, damaged=()), "opens all 4 keys"),
        (daemon.Restored(keys=4, damaged=(), wrong_key="/k/master.key.wrong"), "kept as /k/master.key.wrong"),
        (daemon.Restored(keys=4, damaged=(), is_new=False), "keys/master.key is right"),
    ],
)
def test_what_a_restore_did_is_said(
    cli: Cli, key_file: str, monkeypatch: pytest.MonkeyPatch, done: daemon.Restored, said: str
) -> None:
    asked: list[tuple[bytes, bool]] = []

    def restore(_layout: object, text: Secret, *, is_damage_accepted: bool) -> daemon.Restored:
        asked.append((text.reveal(), is_damage_accepted))
        return done

    monkeypatch.setattr(daemon, "restore", restore)
    assert cli("recovery", "restore", "--file", key_file) == 0
    assert said in cli.out
    assert cli("recovery", "restore", "--file", key_file, "--accept-damage", "--json") == 0
    assert cli.json["keys"] == 4
    assert asked == [(KEY_FILE_TEXT.encode(), False), (KEY_FILE_TEXT.encode(), True)]
