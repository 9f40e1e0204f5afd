"""Shared objects that stand between a server under test and its C library."""

import subprocess
from pathlib import Path


def preloaded(name: str, folder: Path) -> Path:
    """``name.c`` of this folder, built into ``folder``, for LD_PRELOAD."""
    library = folder / f"{name}.so"
    options = ["-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-U_FORTIFY_SOURCE"]
    source = Path(__file__).with_name(f"{name}.c")
    subprocess.run(["gcc", *options, "-o", library, source, "-ldl"], check=True)
    return library
