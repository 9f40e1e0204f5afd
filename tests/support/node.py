"""Packages of npm for tests: installed by their lock into a cache folder outside the tree, once."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.needs import NOT_RUN


def cache_dir() -> Path:
    """``$XDG_CACHE_HOME/skrytka-tests`` or below ``~/.cache``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "skrytka-tests"


def modules(folder: Path) -> Path:
    """``node_modules`` of what ``package-lock.json`` in the folder names.

    Where npm cannot fetch it the test is not run, and says so. Scripts of packages are not run.
    """
    files = [folder / "package.json", folder / "package-lock.json"]
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]
    place = cache_dir() / f"{folder.name}-{digest}"
    if not (place / "complete").exists():
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        for file in files:
            shutil.copy(file, place)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            pytest.skip(f"{NOT_RUN}npm ci in {folder.name} failed: {done.stderr.strip()[-300:]}")
        (place / "complete").touch()
    return place / "node_modules"
