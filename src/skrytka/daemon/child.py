"""What a child process runs: ``python -m skrytka.daemon.child NAME FD``; everything else comes over the control socket.

A child ignores TERM, INT and HUP, which reach the whole process group: it ends when the supervisor says so, or when
the supervisor is gone.
"""

import os
import socket
import sys

from skrytka.daemon import channel
from skrytka.daemon.hardening import ignore_termination, raise_descriptor_limit, seal_memory
from skrytka.daemon.messages import Faulty, Start
from skrytka.model.errors import PermanentError, ReasonedError

EXIT_OK = 0
EXIT_FAULT = 1


def main(argv: list[str]) -> int:
    """The exit status; a fault that has words is told to the supervisor before."""
    ignore_termination()
    seal_memory()
    raise_descriptor_limit()
    with socket.socket(fileno=int(argv[2])) as control:
        control.set_inheritable(False)
        return begin(control)


def begin(control: socket.socket) -> int:
    """Hear what to be, and be it."""
    got = channel.receive_blocking(control)
    if got is None:
        return EXIT_OK  # the supervisor ended before it said anything
    start, fds = got
    if not isinstance(start, Start) or len(fds) != len(start.sockets):
        return EXIT_FAULT
    with control.dup() as spare:  # for last words: who runs closes its own
        return _run_and_tell(start, control, fds, spare)


def _run_and_tell(start: Start, control: socket.socket, fds: list[int], spare: socket.socket) -> int:
    try:
        return run(start, control, fds)
    except ReasonedError as exc:
        channel.send_blocking(
            spare, Faulty(detail=exc.detail or str(exc), is_permanent=isinstance(exc, PermanentError))
        )
        return EXIT_FAULT


def run(start: Start, control: socket.socket, fds: list[int]) -> int:
    """The child's own work; each kind imports only what it needs."""
    if start.kind == "store":
        from skrytka.daemon.store_child import run_store_child  # noqa: PLC0415

        return run_store_child(start, control)
    from skrytka.daemon.front import run_front  # noqa: PLC0415

    return run_front(start, control, fds)


if __name__ == "__main__":
    sys.stdin = open(os.devnull)  # noqa: SIM115 - for the life of the process
    sys.exit(main(sys.argv))
