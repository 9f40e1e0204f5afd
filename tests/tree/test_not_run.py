"""A test that cannot run is reported with what it lacks, and fails the run where everything is required."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.needs import packages, parse_packages, why_no_vectors, why_not
from tests.support.sizes import pick
from tests.support.tree import ROOT

PASSING = "def test_it_passes():\n    assert True\n\n"
LACKING = "import pytest\n\n@pytest.mark.needs('no-such-program')\ndef test_it_lacks():\n    pass\n\n"
WITHOUT_VECTORS = "import pytest\n\n@pytest.mark.needs_vectors('gone')\ndef test_no_vectors():\n    pass\n\n"
SKIPPED_WHOLE = "import pytest\n\npytest.skip('for a reason', allow_module_level=True)\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tests folder with our conftest and a package that Debian does not have."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "tests" / "support", tmp_path / "tests" / "support")
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path / "tests")
    (tmp_path / "tests" / "debian-packages.txt").write_text("no-such-package  no-such-program  nothing\n")
    (tmp_path / "tests" / "unit").mkdir()
    return tmp_path


def run(tree: Path, source: str, *options: str, required: bool = False) -> subprocess.CompletedProcess[str]:
    (tree / "tests" / "unit" / "test_planted.py").write_text(source)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "SKRYTKA"))}
    environment["REQUIRE_ALL"] = "1" if required else "0"
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:cov", *options]
    return subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)


def test_what_lacks_something_is_named(tree: Path) -> None:
    result = run(tree, PASSING + LACKING + WITHOUT_VECTORS)
    assert result.returncode == 0, result.stdout
    section = result.stdout.partition("= not run =")[2]
    assert "Debian package no-such-package is missing:\n    tests/unit/test_planted.py::test_it_lacks" in section
    assert "test vectors 'gone'" in section


@pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["alone", "two workers"])
def test_what_lacks_something_fails_where_all_is_required(tree: Path, options: tuple[str, ...]) -> None:
    result = run(tree, PASSING + LACKING, *options, required=True)
    assert result.returncode == pytest.ExitCode.TESTS_FAILED, result.stdout
    assert "no-such-package is missing:\n    tests/unit/test_planted.py::test_it_lacks" in result.stdout


def test_a_skipped_file_fails_where_all_is_required(tree: Path) -> None:
    assert run(tree, SKIPPED_WHOLE, required=True).returncode != 0


@pytest.mark.parametrize("source", ["", LACKING], ids=["no test", "none that could run"])
def test_a_run_in_which_nothing_passed_fails(tree: Path, source: str) -> None:
    assert run(tree, source).returncode == pytest.ExitCode.NO_TESTS_COLLECTED


def test_a_test_outside_the_groups_is_refused(tree: Path) -> None:
    (tree / "tests" / "other").mkdir()
    (tree / "tests" / "other" / "test_other.py").write_text(PASSING)
    assert run(tree, PASSING).returncode == pytest.ExitCode.USAGE_ERROR


def test_a_package_is_found_by_its_name_and_by_its_program() -> None:
    rows = parse_packages("# comment\n\nisync  mbsync  interop: copies\nlibx  /usr/lib/*/x/libx.so.1  faults\n")
    assert rows["isync"] is rows["mbsync"]
    assert rows["libx"] is rows["libx.so.1"]
    assert not rows["libx"].is_here()


def test_an_unknown_name_is_a_mistake_and_no_reason() -> None:
    with pytest.raises(KeyError):
        why_not(["never-heard-of"])


def test_every_package_of_the_table_has_a_probe() -> None:
    assert packages().keys() >= {"swaks", "postfix", "dovecot-imapd", "mutt", "curl", "postgresql-15", "strace"}


def test_vectors_are_where_the_variable_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SKRYTKA_VECTORS", str(tmp_path))
    assert why_no_vectors("spf") is not None
    (tmp_path / "spf").mkdir()
    assert why_no_vectors("spf") is None


def test_long_sizes_come_with_all_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUIRE_ALL", raising=False)
    monkeypatch.delenv("SKRYTKA_LONG", raising=False)
    assert pick(1, 2) == 1
    monkeypatch.setenv("REQUIRE_ALL", "1")
    assert pick(1, 2) == 2
