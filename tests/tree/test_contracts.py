"""The import contracts hold, and each breaks when something is planted that breaks it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.tree import ROOT

PYPROJECT = ROOT / "pyproject.toml"


def lint_imports(tree: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """import-linter over ``tree/src`` with the contracts of this repository."""
    program = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-c", program, "--config", str(PYPROJECT), "--no-cache", "--no-logo", *options],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree / "src"), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_the_contracts_hold() -> None:
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


PARSERS = (
    "protocol.mime.scan",
    "protocol.mime.params",
    "protocol.mime.envelope_reader",
    "protocol.mime.transfer",
    "protocol.mime.charset",
    "protocol.mime.addresses",
    "analysis.html",
    "inspect.jobs",
)


@pytest.mark.parametrize(("process", "has_parsers"), [("daemon.front", False), ("inspect.jobs", True)])
def test_what_a_process_has_loaded_agrees_with_the_contract(process: str, has_parsers: bool) -> None:
    """The graph of imports knows no import inside a package's ``__init__``, Python does."""
    program = f"import sys, skrytka.{process}; print(*[name for name in {PARSERS} if 'skrytka.' + name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert sorted(loaded) == (sorted(PARSERS) if has_parsers else [])


@pytest.mark.parametrize(
    ("contract", "module", "line"),
    [
        ("purity", "protocol/planted.py", "import socket"),
        ("purity", "protocol/deep/below/planted.py", "from asyncio import sleep"),
        ("purity", "model/planted.py", "from os import path"),
        ("purity", "analysis/planted.py", "import time"),
        ("layers", "protocol/planted.py", "import skrytka.net"),
        ("layers", "net/planted.py", "import skrytka.store"),
        ("layers", "planted_package/planted.py", ""),
        ("layers", "planted.py", ""),
        ("edge", "servers/planted.py", "import skrytka.store"),
        ("edge", "web/planted.py", "import skrytka.store"),
        ("mail", "mail/identity/planted.py", "import skrytka.mail.policy.planted"),
        ("mail", "mail/planted.py", ""),
        ("databases", "daemon/planted.py", "import apsw"),
        ("databases", "store/sql/planted.py", "import apsw"),
        ("databases", "mail/policy/planted.py", "import asyncpg"),
        ("content", "mail/planted.py", "import selectolax"),
        ("content", "servers/planted.py", "import skrytka.inspect.message"),
        ("content", "servers/imap/planted.py", "from skrytka.protocol.mime.scan import scan"),
        ("content", "mail/delivery/planted.py", "import skrytka.protocol.mime.params"),
        ("content", "mail/planted.py", "import skrytka.protocol.mime.envelope_reader"),
        ("content", "servers/planted.py", "import skrytka.protocol.mime.transfer"),
        ("content", "servers/imap/planted.py", "from skrytka.protocol.mime.charset import decode_words"),
        ("content", "servers/planted.py", "from skrytka.protocol.mime.addresses import parse_addresses"),
        ("decoders", "servers/planted.py", "import base64"),
        ("decoders", "mail/delivery/planted.py", "from email.header import decode_header"),
        ("decoders", "protocol/imap/planted.py", "import binascii"),
        ("decoders", "inspect/planted.py", "import quopri"),
        ("content", "model/planted.py", "import skrytka.analysis.text"),
        ("inspectors", "inspect/jobs.py", "import asyncio"),
        ("inspectors", "inspect/zygote.py", "import skrytka.inspect.client"),
        ("drivers", "store/planted.py", "import skrytka.store.drivers.planted"),
    ],
)
def test_a_planted_import_breaks_its_contract(copy: Path, contract: str, module: str, line: str) -> None:
    root = copy / "src" / "skrytka"
    if line.startswith("import skrytka.") and line.endswith(".planted"):
        plant(root, line.removeprefix("import skrytka.").replace(".", "/") + ".py", "")
    plant(root, module, line)
    result = lint_imports(copy, "--contract", contract)
    assert result.returncode == 1, result.stdout
    assert "0 kept, 1 broken" in result.stdout


def plant(root: Path, module: str, line: str) -> None:
    """A module with one line, and the packages around it."""
    path = root / module
    path.parent.mkdir(parents=True, exist_ok=True)
    for folder in [parent for parent in path.parents if root in parent.parents]:
        (folder / "__init__.py").touch()
    path.write_text(line + "\n", encoding="utf-8")
