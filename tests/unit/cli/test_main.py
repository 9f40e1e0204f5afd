import errno
import os
import subprocess
import sys

import click
import pytest

import skrytka
from skrytka.cli import main
from skrytka.daemon.admin_client import CommandBugError
from skrytka.model.errors import PermanentError, Reason, SkrytkaError, TransientError
from tests.unit.cli.conftest import Cli


def test_every_command_can_be_imported_and_has_a_sentence() -> None:
    context = click.Context(main.skrytka)
    for name in main.COMMANDS:
        command = main.skrytka.get_command(context, name)
        assert command is not None
        assert command.get_short_help_str(), name
    assert main.skrytka.get_command(context, "nope") is None


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (PermanentError(Reason.BAD_SYNTAX), 2),
        (PermanentError(Reason.BAD_CONFIG), 3),
        (TransientError(Reason.STORE_BUSY), 4),
        (TransientError(Reason.UNREACHABLE), 4),
        (PermanentError(Reason.NO_SUCH_USER), 5),
        (PermanentError(Reason.ALREADY_EXISTS), 6),
        (PermanentError(Reason.NOT_PERMITTED), 7),
        (PermanentError(Reason.CORRUPT), 8),
        (PermanentError(Reason.UNSUPPORTED), 7),
        (PermanentError(Reason.DNS_FAILURE), 1),
        (CommandBugError("bug"), 1),
    ],
)
def test_an_error_has_its_code_and_its_line(cli: Cli, error: SkrytkaError, code: int) -> None:
    cli.answers["domain.list"] = error
    assert cli("domain", "list") == code
    assert cli.out == ""
    assert cli.err.count("\n") == 1
    assert cli.err.startswith("skrytka: ")


@pytest.mark.parametrize("arguments", [("nope",), ("account", "nope"), ("account", "add"), ("domain", "list", "--x")])
def test_wrong_usage_is_2(cli: Cli, arguments: tuple[str, ...]) -> None:
    assert cli(*arguments) == 2
    assert "Error:" in cli.err


def test_help_and_version_are_no_errors(cli: Cli) -> None:
    assert cli("--help") == 0
    assert all(name in cli.out for name in main.COMMANDS)
    assert cli("--version") == 0
    assert skrytka.__version__ in cli.out


def test_an_interrupt_has_the_shells_code(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "ask", interrupted)
    monkeypatch.setattr("skrytka.daemon.admin_client.ask", interrupted)
    assert cli("domain", "list") == 130


def test_a_reader_that_left_is_no_traceback() -> None:
    command = [sys.executable, "-m", "skrytka.cli.main", "--help"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()
    assert process.returncode == 1


def test_help_imports_neither_the_store_nor_the_loop() -> None:
    program = (
        "import sys\nfrom skrytka.cli import main\nmain.run(['--help'])\n"
        "print(sorted({'apsw', 'asyncio', 'cryptography', 'rich'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize(
    ("number", "code", "mend"),
    [
        (errno.ENOSPC, 4, "make room: `df -h`"),
        (errno.EROFS, 4, "mount it writable"),
        (errno.EIO, 4, "`dmesg` says more"),
        (errno.EACCES, 1, "start as root"),
        (errno.EMFILE, 1, "ulimit -n"),
        (errno.ENAMETOOLONG, 1, "File name too long\n"),
    ],
)
def test_what_the_machine_refuses_is_said_with_its_mend(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, number: int, code: int, mend: str
) -> None:
    def fail(**_: object) -> None:
        raise OSError(number, os.strerror(number), "/srv/skrytka/run/lock")

    monkeypatch.setattr(main.skrytka, "main", fail)
    assert cli("serve") == code
    assert cli.err.startswith(f"skrytka: /srv/skrytka/run/lock: {os.strerror(number)}")
    assert mend in cli.err


def test_closed_standard_descriptors_are_not_given_to_files() -> None:
    program = (
        "import os; os.closerange(0, 3); from skrytka.cli.main import open_standard_descriptors as opened; opened();"
        " fd = os.open('/proc/self/status', os.O_RDONLY); os._exit(fd)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 3


def test_what_is_said_gives_a_terminal_no_orders(capsys: pytest.CaptureFixture[str]) -> None:
    main.complain("chain \x1b]0;x\x07 was cut\nby whom")
    assert capsys.readouterr().err == "skrytka: chain \\x1b]0;x\\x07 was cut\nby whom\n"
