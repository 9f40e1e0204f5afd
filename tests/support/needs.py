"""What a test needs from the machine and where it comes from, so that a missing part is *said* and never passed over.

``@pytest.mark.needs("swaks", "strace")`` names programs or packages of ``tests/debian-packages.txt``, or ``root``;
``@pytest.mark.needs_vectors("spf")`` names a folder of the test vectors.
"""

import os
import shutil
from collections.abc import Iterable
from functools import cache
from glob import glob
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PACKAGES_FILE = ROOT / "tests" / "debian-packages.txt"
SYSTEM_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
NOT_RUN = "not run: "


class DebianPackage(NamedTuple):
    """A row of the table: ``probe`` is a program on PATH or a file (a pattern) that says the package is there."""

    name: str
    probe: str

    def is_here(self) -> bool:
        if self.probe.startswith("/"):
            return bool(glob(self.probe))
        return shutil.which(self.probe, path=SYSTEM_PATH) is not None


def parse_packages(text: str) -> dict[str, DebianPackage]:
    """Rows by package name and by the name of the probe's program."""
    found: dict[str, DebianPackage] = {}
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        name, probe, _what_for = line.split(maxsplit=2)
        package = DebianPackage(name, probe)
        found[name] = package
        found[probe.rpartition("/")[2]] = package
    return found


@cache
def packages() -> dict[str, DebianPackage]:
    return parse_packages(PACKAGES_FILE.read_text(encoding="utf-8"))


def why_not(things: Iterable[str]) -> str | None:
    """Why a test that needs these cannot run here; None if it can. An unknown name is a KeyError, not a reason."""
    missing = [package.name for thing in things if thing != "root" and not (package := packages()[thing]).is_here()]
    if missing:
        return f"{NOT_RUN}Debian package {', '.join(sorted(set(missing)))} is missing"
    if "root" in things and os.geteuid() != 0:
        return f"{NOT_RUN}only root can do this"
    return None


def vectors_dir() -> Path:
    """Where the vectors of others are: beside the clone, or where SKRYTKA_VECTORS says."""
    named = os.environ.get("SKRYTKA_VECTORS")
    return Path(named) if named else ROOT.parent / "shared" / "vectors"


def why_no_vectors(folder: str) -> str | None:
    if (vectors_dir() / folder).is_dir():
        return None
    return f"{NOT_RUN}test vectors {folder!r} are neither in ../shared/vectors nor in $SKRYTKA_VECTORS"
