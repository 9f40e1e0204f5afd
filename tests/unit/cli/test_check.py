import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Cli

MESSAGE = b"From: joe@example.org\nSubject: hello\n\nHi.\n"
ZONE = """
example.org: [{TXT: 'v=spf1 ip4:192.0.2.1 -all exp=why.example.org'}]
why.example.org: [{TXT: 'not %{i}'}]
_dmarc.example.org: [{TXT: 'v=DMARC1; p=quarantine'}]
"""


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    (tmp_path / "zone.yml").write_text(ZONE)
    (tmp_path / "a.eml").write_bytes(MESSAGE)
    return ["--zone", str(tmp_path / "zone.yml"), str(tmp_path / "a.eml")]


def test_people_read_a_few_lines(cli: Cli, files: list[str]) -> None:
    assert cli("check", "--ip", "192.0.2.9", "--mail-from", "<joe@example.org>", *files) == 0
    assert cli.out.splitlines() == [
        files[-1],
        "  spf    fail       example.org (mfrom) -all not 192.0.2.9",
        "  dkim   none       no signature",
        "  dmarc  fail       example.org policy quarantine asks for quarantine",
        "  arc    none",
    ]


def test_programs_read_one_line_a_file(cli: Cli, files: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(MESSAGE)))
    assert cli("check", "--json", "--ip", "192.0.2.1", "--helo", "example.org", *files, "-") == 0
    first, second = map(json.loads, cli.out.splitlines())
    assert (first.pop("file"), second.pop("file")) == (files[-1], "-")
    assert first == second
    assert first["spf"]["scope"] == "helo"
    assert first["dmarc"]["result"] == "pass"


def test_a_file_that_cannot_be_read_does_not_stop_the_others(cli: Cli, files: list[str], tmp_path: Path) -> None:
    (tmp_path / "long.eml").write_bytes(b"A: " + b"x" * 2_000_000)
    missing, folder, long = str(tmp_path / "missing"), str(tmp_path), str(tmp_path / "long.eml")
    assert cli("check", "--json", *files[:2], missing, folder, long, "a\0b", files[-1]) == 1
    found = [json.loads(line) for line in cli.out.splitlines()]
    assert [one.get("error") for one in found] == [
        "No such file or directory",
        "Is a directory",
        "a header of more than 1048576 octets",
        "embedded null byte",
        None,
    ]
    assert cli.err.splitlines()[:2] == [
        f"skrytka: {missing}: No such file or directory",
        f"skrytka: {folder}: Is a directory",
    ]


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ([], 2, "FILE"),
        (["--ip", "192.0.2.300", "--helo", "a.example"], 2, "is no address"),
        (["--ip", "192.0.2.1"], 2, "give one of them"),
        (["--ip", "192.0.2.1", "--mail-from", "<>"], 2, "give one of them"),
        (["--helo", "a.example"], 2, "with --ip only"),
        (["--mail-from", ""], 2, "with --ip only"),
        (["--ip", "192.0.2.1", "--helo", "a" * 3000], 2, "2000 characters"),
        (["--at", "0"], 2, "--at"),
        (["--zone", "/dev/null"], 3, "a zone file is a table"),
    ],
)
def test_wrong_usage_is_said(cli: Cli, files: list[str], arguments: list[str], status: int, said: str) -> None:
    assert cli("check", *arguments, *(files[-1:] if arguments else [])) == status
    assert said in cli.err


def test_what_a_message_says_gives_the_terminal_no_orders(cli: Cli, files: list[str], tmp_path: Path) -> None:
    Path(files[-1]).write_bytes(b"DKIM-Signature: v=1; d=\x1b[2J; s=\x07\nFrom: a@\x1b[31mexample.org\n\n")
    assert cli("check", *files) == 0
    assert cli("check", "--json", *files) == 0
    assert all(char.isprintable() for char in cli.out.replace("\n", ""))


def test_names_and_addresses_that_are_no_utf_8_have_results_too(cli: Cli, files: list[str], tmp_path: Path) -> None:
    odd = os.fsdecode(os.fsencode(tmp_path / "a-") + b"\xff.eml")
    Path(odd).write_bytes(MESSAGE)
    assert cli("check", "--json", "--ip", "192.0.2.1", "--mail-from", "\udcff@\udcfe.example", *files[:2], odd) == 0
    assert cli.json["file"].endswith("a-\ufffd.eml")
    assert cli.json["spf"]["result"] == "none"


def test_the_program_itself_reads_standard_input(files: list[str]) -> None:
    command = [sys.executable, "-m", "skrytka.cli.main", "check", "--json", *files[:2], "-"]
    done = subprocess.run(command, input=MESSAGE, capture_output=True, timeout=60, check=True, env=os.environ)
    assert json.loads(done.stdout)["dmarc"]["result"] == "fail"
    assert done.stderr == b""


def test_standard_input_that_is_closed_is_told(files: list[str]) -> None:
    command = [sys.executable, "-m", "skrytka.cli.main", "check", "--json", *files, "-"]
    closed = ["sh", "-c", 'exec "$@" <&-', "sh", *command]
    done = subprocess.run(closed, capture_output=True, timeout=60, check=False, env=os.environ)
    assert done.returncode == 1
    assert next(json.loads(line).get("error") for line in done.stdout.splitlines()) is None
    assert b"Traceback" not in done.stderr
