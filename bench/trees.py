"""CPU of a server's whole tree of processes, ended ones included: steadier than wall time on a busy machine."""

from tests.support.processes import tree


def cpu_s(*roots: int) -> float:
    """User and system time so far of these processes, what they have started, and what of that has ended."""
    return sum(each.cpu_s + each.ended_s for each in tree(*roots).values())
