"""What a process that holds keys does first: no core file, no debugger of the same user, no signal before its time."""

import contextlib
import ctypes
import os
import resource
import signal
from collections.abc import Iterator

_PR_SET_DUMPABLE = 4
_LIBC = ctypes.CDLL(None, use_errno=True)
TERMINATION = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def seal_memory() -> None:
    """Neither core files nor ptrace by the same user may read this process's keys. OSError if the kernel refuses."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if _LIBC.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        errno = ctypes.get_errno()
        raise OSError(errno, os.strerror(errno))


def raise_descriptor_limit() -> int:
    """As many descriptors as this user may have; returns the limit."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):  # a container may forbid it: what is there has to do
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


@contextlib.contextmanager
def termination_held() -> Iterator[None]:
    """A child started here begins with TERM, INT and HUP blocked: it cannot be hit before it ignores them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, TERMINATION)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def ignore_termination() -> None:
    """A child's side of :func:`termination_held`: it ends when its control socket does."""
    for number in TERMINATION:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, TERMINATION)
