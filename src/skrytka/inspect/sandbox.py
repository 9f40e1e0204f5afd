"""What a child gives up before it reads a message: descriptors, environment, rights, resources, system calls.

Fails closed: on a kernel or machine that cannot do it (no seccomp, another architecture) there is no inspector.
Landlock is used where it is there.
"""

import ctypes
import os
import platform
import resource
import signal
import sys

import msgspec

from skrytka.inspect import landlock, seccomp
from skrytka.inspect.syscalls import ARCHES, Arch

_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38
_STDIO = (0, 1, 2)
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE)
_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


class SandboxLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Resources of one child over its whole life."""

    memory_bytes: int = 1024 * 1024 * 1024  # address space; the largest message takes a fifth
    cpu_s: int = 120  # a child ends itself at half of it (child.CPU_RETIRE_S); the rest is for one bad message


class UnsupportedMachineError(OSError):
    """No system call filter is known for a machine of this kind."""


def this_arch(machine: str) -> Arch:
    """The tables of a machine as ``uname -m`` names it."""
    try:
        return ARCHES[machine]
    except KeyError:
        raise UnsupportedMachineError(f"no inspector on {machine}") from None


def seal_process() -> None:
    """For zygote and child: not readable by a debugger of the same user, no core file."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _prctl(_PR_SET_DUMPABLE, 0)


def ignore_signals() -> None:
    """What reaches the whole process group ends none of us; a child's end is the end of its socket, or SIGKILL."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)  # the owner held them until now


def keep_only(fd: int, null_fd: int) -> None:
    """Close every descriptor but ``fd``; 0, 1 and 2 become the null device."""
    for number in _STDIO:
        os.dup2(null_fd, number, inheritable=False)
    os.closerange(3, fd)
    os.closerange(fd + 1, 1 << 20)


def enter(limits: SandboxLimits) -> int:
    """All else, in the order in which it is possible; returns the Landlock ABI in force. OSError: do not go on."""
    arch = this_arch(platform.machine())
    os.environ.clear()
    os.chdir("/")
    sys.stdout = sys.stderr = sys.stdin = None  # print() then does nothing
    seal_process()
    for what, bound in (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_CPU, limits.cpu_s),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        resource.setrlimit(what, (bound, bound))
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    abi = landlock.deny_all(_libc, arch)
    seccomp.install(_libc, arch)
    return abi


def forbid_imports() -> None:
    """What is not loaded by now never will be: an import fails at once, with no look at the disk."""
    sys.meta_path.clear()
    sys.path_importer_cache.clear()
    sys.path.clear()


def _prctl(option: int, value: int) -> None:
    if _libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option}")
