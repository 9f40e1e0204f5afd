import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skrytka.cli.main import run
from skrytka.daemon import admin_client


class Cli:
    """Runs commands in this process; the server is ``answers``, and ``asked`` is what it was asked."""

    def __init__(self, capsys: pytest.CaptureFixture[str], root: Path) -> None:
        self._capsys = capsys
        self.root = root
        self.answers: dict[str, Any] = {}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.roots: list[Path] = []
        self.out = ""
        self.err = ""

    def ask(self, layout: Any, command: str, args: dict[str, Any], progress: Callable[[str], None]) -> Any:
        self.asked.append((command, args))
        self.roots.append(layout.root)
        progress("working")
        answer = self.answers[command]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def __call__(self, *arguments: str) -> int:
        status = run(list(arguments))
        self.out, self.err = self._capsys.readouterr()
        return status

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    made = Cli(capsys, tmp_path / "s")
    monkeypatch.setattr(admin_client, "ask", made.ask)
    monkeypatch.setenv("SKRYTKA_DIR", str(made.root))
    return made
