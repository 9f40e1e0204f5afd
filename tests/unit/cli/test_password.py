import hashlib
import io
from pathlib import Path

import pytest

from skrytka.cli.password import _progress
from tests.unit.cli.conftest import Cli


@pytest.fixture
def breached(cli: Cli, tmp_path: Path) -> Path:
    (cli.root / "store").mkdir(parents=True)
    (cli.root / "skrytka.toml").write_text('version = 1\nhostname = "mx.example.org"\n')
    made = tmp_path / "hibp.txt"
    made.write_bytes(b"".join(hashlib.sha1(b"%d" % n).hexdigest().upper().encode() + b":2\r\n" for n in range(100)))
    return made


def test_a_list_is_imported_and_shown(cli: Cli, breached: Path) -> None:
    assert cli("password", "breaches", "show", "--json") == 0
    assert cli.json["hashes"] == 0
    assert cli("password", "breaches", "import", str(breached)) == 0
    assert cli.out == "100 passwords are known from breaches now\n"
    assert cli("password", "breaches", "show") == 0
    assert "100" in cli.out
    assert "breaches.bin" in cli.out


def test_what_is_no_list_is_refused_with_its_line(cli: Cli, breached: Path) -> None:
    breached.write_bytes(breached.read_bytes() + b"plain password\n")
    assert cli("password", "breaches", "import", str(breached), "--json") == 2
    assert "line 101 " in cli.err
    assert "plain" not in cli.err


def test_a_file_that_is_not_there_is_wrong_usage(cli: Cli) -> None:
    assert cli("password", "breaches", "import", "/nonexistent") == 2


def test_a_terminal_sees_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    with _progress(100) as tell:
        tell(40)
        tell(100)
    assert "100%" in terminal.getvalue()
