"""What the kernel says of processes: whose children they are, what they have used. OSError for one that has gone."""

import contextlib
import os
from pathlib import Path
from typing import Final, NamedTuple

TICKS_S: Final = os.sysconf("SC_CLK_TCK")


class Stat(NamedTuple):
    """Of ``/proc/PID/stat``."""

    state: str  # "Z": a zombie
    parent: int
    group: int
    cpu_s: float  # user and system
    ended_s: float  # of children that have ended and were waited for


def stat(pid: int) -> Stat:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own, ended = (sum(map(int, fields[start : start + 2])) / TICKS_S for start in (11, 13))
    return Stat(fields[0], int(fields[1]), int(fields[2]), own, ended)


def words(pid: int) -> list[str]:
    """Its command line."""
    return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")


def all_pids() -> list[int]:
    """Of this machine, parents mostly before their children."""
    return sorted(int(entry) for entry in os.listdir("/proc") if entry.isdigit())


def tree(*roots: int) -> dict[int, Stat]:
    """These and all that they have started, as far as that lives."""
    found: dict[int, Stat] = {}
    for pid in all_pids():
        with contextlib.suppress(OSError):
            known = stat(pid)
            if pid in roots or known.parent in found:
                found[pid] = known
    return found


def group(leader: int) -> dict[int, Stat]:
    """The living of a process group."""
    found: dict[int, Stat] = {}
    for pid in all_pids():
        with contextlib.suppress(OSError):
            known = stat(pid)
            if known.group == leader and known.state != "Z":
                found[pid] = known
    return found


def memory_kb(pid: int, field: str = "Pss") -> int:
    """A sum of ``/proc/PID/smaps_rollup``."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))
