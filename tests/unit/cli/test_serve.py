import os
import sys
from pathlib import Path
from typing import Any

import pytest

from skrytka.cli.serve import complain, say
from skrytka.daemon import serve as daemon
from tests.unit.cli.conftest import Cli


def test_serve_runs_the_server_of_the_installation(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[Path] = []

    def serve(path: Path, tell: Any, complain: Any) -> int:
        served.append(path)
        tell("ready")
        complain("a fault")
        return 4

    monkeypatch.setattr(daemon, "serve", serve)
    assert cli("serve", "--config", "/x/skrytka.toml") == 4
    assert served == [Path("/x/skrytka.toml")]
    assert cli.out == "ready\n"
    assert cli.err == "skrytka: a fault\n"


def test_a_reader_that_left_does_not_end_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object, **__: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr("click.echo", gone)
    say("ready")


def test_complaints_are_dropped_and_not_waited_for_when_nobody_reads_them(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    with open(reader, "rb") as source, open(writer, "w") as target:
        monkeypatch.setattr(sys, "stderr", target)
        complain("first " + "x" * 10_000)
        for number in range(1000):
            complain(f"number {number} " + "x" * 1000)
        assert source.read1(16).startswith(b"skrytka: first x")
        source.close()
        complain("nobody is there")
    complain("the file is closed")
    monkeypatch.setattr(sys, "stderr", None)
    complain("there never was one")
