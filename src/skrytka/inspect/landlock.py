"""Landlock: a second wall behind the system call filter, where the kernel has it. No file, no port, no signal."""

import ctypes
import struct

from skrytka.inspect.syscalls import Arch

_CREATE_RULESET_VERSION = 1
# linux/landlock.h: the newest file right of each ABI version; all rights up to it are handled, and none is granted.
_FS_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
_FS_ABI_MAX = 5
_NET_RIGHTS = 0b11  # bind and connect of TCP, from ABI 4
_SCOPES = 0b11  # abstract sockets and signals, from ABI 6


def version(libc: ctypes.CDLL, arch: Arch) -> int:
    """The ABI of this kernel; 0 without Landlock."""
    return max(0, int(libc.syscall(arch.landlock_create_ruleset, None, 0, _CREATE_RULESET_VERSION)))


def attributes(abi: int) -> bytes:
    """A landlock_ruleset_attr for this ABI: all that it knows is handled, so all is denied."""
    rights = (1 << _FS_RIGHTS[min(abi, _FS_ABI_MAX)]) - 1
    values = [rights]
    if abi >= 4:
        values.append(_NET_RIGHTS)
    if abi >= 6:
        values.append(_SCOPES)
    return struct.pack(f"={len(values)}Q", *values)


def deny_all(libc: ctypes.CDLL, arch: Arch) -> int:
    """Give up every right that Landlock knows; returns the ABI, 0 when there was nothing to do it with.

    OSError when a kernel that has Landlock refuses. Leaves no descriptor open.
    """
    abi = version(libc, arch)
    if abi == 0:
        return 0
    raw = attributes(abi)
    ruleset = libc.syscall(arch.landlock_create_ruleset, raw, len(raw), 0)
    if ruleset < 0:
        raise OSError(ctypes.get_errno(), "landlock ruleset")
    failed = libc.syscall(arch.landlock_restrict_self, ruleset, 0)
    errno = ctypes.get_errno()
    libc.close(ruleset)
    if failed != 0:
        raise OSError(errno, "landlock")
    return abi
