import io
from pathlib import Path
from typing import Any

import pytest

from skrytka.cli import init
from skrytka.daemon import setup
from skrytka.daemon.layout import Layout
from skrytka.model.secret import Secret
from tests.unit.cli.conftest import Cli

TEXT = Secret("SKRYTKA-1-" + "-".join(["AAAAA"] * 14))


class Installer:
    """Instead of a real installation."""

    def __init__(self) -> None:
        self.wanted: list[setup.Wanted] = []
        self.confirmed: list[Path] = []

    def make(self, layout: Layout, wanted: setup.Wanted) -> setup.Made:
        self.wanted.append(wanted)
        return setup.Made(
            root=layout.root,
            domain=wanted.domain,
            hostname=wanted.hostname,
            admin=wanted.admin,
            password=Secret("made-up") if wanted.password is None else None,
            recovery_text=TEXT,
        )

    def confirm(self, root: Path, _typed: Secret) -> None:
        self.confirmed.append(root)


@pytest.fixture
def installer(monkeypatch: pytest.MonkeyPatch) -> Installer:
    made = Installer()
    monkeypatch.setattr(setup, "make", made.make)
    monkeypatch.setattr(setup, "confirm", made.confirm)
    return made


def test_the_recovery_key_is_shown_as_text_and_qr_with_what_comes_next(cli: Cli, installer: Installer) -> None:
    assert cli("init", "example.org") == 0
    assert TEXT.reveal().decode() in cli.out
    assert "█▀" in cli.out
    assert "made-up" in cli.out
    assert f"1. Confirm the recovery key: skrytka recovery confirm --dir {cli.root}" in cli.out
    (wanted,) = installer.wanted
    assert (wanted.domain, wanted.hostname, wanted.admin) == ("example.org", "mail.example.org", "admin@example.org")
    assert installer.confirmed == []


def test_programs_get_json(cli: Cli, installer: Installer) -> None:
    options: list[str] = ["--hostname", "mx.example.org", "--admin", "root", "--user", "skrytka"]
    assert cli("init", "example.org", "--json", *options) == 0
    assert cli.json["recovery_key"] == TEXT.reveal().decode()
    assert cli.json["password"] == "made-up"
    (wanted,) = installer.wanted
    assert (wanted.hostname, wanted.admin, wanted.user) == ("mx.example.org", "root@example.org", "skrytka")


def test_a_password_that_was_given_is_not_shown(
    cli: Cli, installer: Installer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("secret\n"))
    assert cli("init", "example.org", "--password-stdin") == 0
    assert installer.wanted[0].password is not None
    assert installer.wanted[0].password.reveal() == b"secret"
    assert "secret" not in cli.out
    assert "with the password" not in cli.out


@pytest.mark.parametrize(("answers", "is_confirmed"), [(["AAAAA", " aaaaa"], True), (["x"] * 6, False)])
def test_somebody_at_a_terminal_types_two_groups(
    cli: Cli, installer: Installer, monkeypatch: pytest.MonkeyPatch, answers: list[str], is_confirmed: bool
) -> None:
    asked: list[str] = []

    def prompt(text: str, **_: Any) -> str:
        asked.append(text)
        return answers[len(asked) - 1]

    monkeypatch.setattr(init, "is_terminal", lambda: True)
    monkeypatch.setattr("click.prompt", prompt)
    assert cli("init", "example.org") == 0
    assert installer.confirmed == ([cli.root] if is_confirmed else [])
    assert ("is confirmed" in cli.out) == is_confirmed
    assert ("1. Confirm" in cli.out) != is_confirmed
    assert len(asked) == len(answers)
