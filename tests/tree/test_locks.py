"""The locks hold every dependency of pyproject.toml, with hashes, and both name the same versions."""

import re
import tomllib
from typing import Any

import pytest

from tests.support.tree import ROOT

PINNED = re.compile(r"^([a-z0-9-]+)(?:\[[a-z0-9,-]+\])?==(\S+)(.*)$", re.MULTILINE)  # with an extra or without
NAME = re.compile(r"[A-Za-z0-9._-]+")


def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def lock_text(name: str) -> str:
    return (ROOT / "requirements" / f"{name}.lock").read_text(encoding="utf-8")


def pinned(name: str) -> dict[str, str]:
    return {match[1]: match[2] for match in PINNED.finditer(lock_text(name))}


def names(requirements: list[str]) -> set[str]:
    found = {match[0] for requirement in requirements if (match := NAME.match(requirement))}
    return {re.sub(r"[-_.]+", "-", name).lower() for name in found}


def test_the_locks_hold_every_dependency() -> None:
    project = pyproject()
    groups = project["dependency-groups"]
    run = names(project["project"]["dependencies"]) | names(groups["build"])
    extras = project["project"]["optional-dependencies"].values()
    dev = run | names(groups["dev"]) | names([requirement for extra in extras for requirement in extra])
    assert not run - pinned("run").keys(), "make lock"
    assert not dev - pinned("dev").keys(), "make lock"


def test_both_locks_name_the_same_versions() -> None:
    run, dev = pinned("run"), pinned("dev")
    assert run.items() <= dev.items(), "make lock"


@pytest.mark.parametrize("name", ["run", "dev"])
def test_every_entry_has_hashes_and_no_index(name: str) -> None:
    text = lock_text(name)
    entries = re.split(r"\n(?=[a-z0-9])", text)
    assert not [entry.splitlines()[0] for entry in entries if "==" in entry and "--hash=sha256:" not in entry]
    assert "--index-url" not in text
    assert "://" not in text
