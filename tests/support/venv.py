"""Programs of PyPI that tests run beside our own Python: each in a virtual environment of its own, by a lock."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.needs import NOT_RUN
from tests.support.node import cache_dir


def program(folder: Path, name: str) -> Path:
    """The program of what ``requirements.lock`` in the folder names; where pip cannot fetch it the test is not run."""
    lock = folder / "requirements.lock"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()[:16]
    place = cache_dir() / f"{folder.name}-{digest}-{sys.version_info.major}.{sys.version_info.minor}"
    if not (place / "complete").exists():
        shutil.rmtree(place, ignore_errors=True)
        place.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True, timeout=120)
        command = [str(place / "bin" / "pip"), "install", "--quiet", "--require-hashes"]
        done = subprocess.run([*command, "-r", str(lock)], capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            pytest.skip(f"{NOT_RUN}pip install of {folder.name} failed: {done.stderr.strip()[-300:]}")
        (place / "complete").touch()
    return place / "bin" / name
