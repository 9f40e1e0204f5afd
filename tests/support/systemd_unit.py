"""packaging/skrytka.service as its own tests and those of a real server read it."""

from pathlib import Path

from tests.support.tree import ROOT

UNIT = ROOT / "packaging" / "skrytka.service"
# PR_SET_MDWE (65, Linux 6.3) is what MemoryDenyWriteExecute becomes; an older kernel says no, and nothing is denied.
DENY_WRITE_EXECUTE = (
    "import ctypes, os, sys; ctypes.CDLL(None).prctl(65, 1, 0, 0, 0); os.execvp(sys.argv[1], sys.argv[1:])"
)


def values(name: str, path: Path = UNIT) -> list[str]:
    """The words of a setting, all its lines together."""
    lines = (line.partition("=") for line in path.read_text(encoding="utf-8").splitlines() if line[:1] != "#")
    return [word for key, _, value in lines if key == name for word in value.split()]


def confined(python: str) -> tuple[str, ...]:
    """Begins a command line: root with the unit's capabilities alone, no new privileges, no code made at run time."""
    capabilities = ",".join(f"+{name.removeprefix('CAP_').lower()}" for name in values("CapabilityBoundingSet"))
    rights = ("setpriv", f"--bounding-set=-all,{capabilities}", "--inh-caps=-all", "--no-new-privs")
    return (python, "-c", DENY_WRITE_EXECUTE, *rights)
