from pathlib import Path
from typing import Any

import pytest

from skrytka.cli import demo
from skrytka.daemon.demo import Made
from tests.unit.cli.conftest import Cli

MADE = Made(ca="/d/ca.pem", config="/d/skrytka.toml", ports={"smtp": 20025}, accounts={"alice@example.test": "pw"})


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    calls: list[tuple[Any, ...]] = []

    def make(folder: Path, port_base: int | None, *_: object) -> Made:
        calls.append((folder, port_base))
        return MADE

    monkeypatch.setattr("skrytka.daemon.demo.make", make)
    monkeypatch.setattr(demo, "become_server", lambda config: calls.append((config,)))
    return calls


def test_it_prints_a_short_table_and_becomes_the_server(cli: Cli, made: list[tuple[Any, ...]]) -> None:
    assert cli("demo", "--dir", "/d", "--port-base", "31000") == 0
    assert made == [(Path("/d"), 31000), ("/d/skrytka.toml",)]
    assert "alice@example.test  pw" in cli.out
    assert "127.0.0.1:20025" in cli.out
    assert len(cli.out.splitlines()) < 20


def test_by_itself_it_lives_in_the_current_folder(cli: Cli, made: list[tuple[Any, ...]]) -> None:
    cli("demo")
    assert made[0] == (Path("demo"), None)


def test_the_server_takes_over_this_very_process(monkeypatch: pytest.MonkeyPatch) -> None:
    executed: list[list[str]] = []
    monkeypatch.setattr("os.execv", lambda _path, command: executed.append(command))
    demo.become_server("/d/skrytka.toml")
    assert executed[0][1:] == ["-m", "skrytka.cli.main", "serve", "--config", "/d/skrytka.toml"]
