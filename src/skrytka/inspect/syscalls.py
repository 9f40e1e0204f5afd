"""System calls of an inspector by number, on x86_64 and aarch64; None: the architecture has no such call.

The numbers are the kernel's (asm/unistd_64.h, asm-generic/unistd.h) and never change.
"""

import msgspec


class Arch(msgspec.Struct, frozen=True):
    """An architecture as the kernel names it to a filter (linux/audit.h), and its numbers of calls without a table."""

    audit: int
    column: int
    landlock_create_ruleset: int = 444
    landlock_restrict_self: int = 446
    seccomp: int = 0


ARCHES = {
    "x86_64": Arch(0xC000003E, 0, seccomp=317),
    "aarch64": Arch(0xC00000B7, 1, seccomp=277),
}

Numbers = tuple[int | None, int | None]  # (x86_64, aarch64)

# What Python, its allocator and a socket that is there already need; the most frequent first.
ALLOWED: dict[str, Numbers] = {
    "recvmsg": (47, 212),
    "pread64": (17, 67),
    "munmap": (11, 215),
    "brk": (12, 214),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "close": (3, 57),
    "futex": (202, 98),
    "clock_gettime": (228, 113),
    "getrandom": (318, 278),
    "rt_sigreturn": (15, 139),
    "restart_syscall": (219, 128),
    "exit": (60, 93),
    "exit_group": (231, 94),
}
# Allowed unless the memory is to be executable.
NOT_EXECUTABLE: dict[str, Numbers] = {"mmap": (9, 222), "mprotect": (10, 226)}
# Allowed on a connected socket only: the address has to be NULL.
NO_ADDRESS: dict[str, Numbers] = {"sendto": (44, 206)}
# Answered EPERM: what libraries try in good faith. All else ends the process.
REFUSED: dict[str, Numbers] = {
    "open": (2, None),
    "openat": (257, 56),
    "openat2": (437, 437),
    "stat": (4, None),
    "lstat": (6, None),
    "fstat": (5, 80),
    "newfstatat": (262, 79),
    "statx": (332, 291),
    "access": (21, None),
    "faccessat": (269, 48),
    "faccessat2": (439, 439),
    "readlink": (89, None),
    "readlinkat": (267, 78),
    "getcwd": (79, 17),
    "getdents64": (217, 61),
    "fcntl": (72, 25),
    "ioctl": (16, 29),
    "lseek": (8, 62),
    "read": (0, 63),
    "readv": (19, 65),
    "write": (1, 64),
    "writev": (20, 66),
    "dup": (32, 23),
    "getpid": (39, 172),
    "gettid": (186, 178),
    "getuid": (102, 174),
    "uname": (63, 160),
    "sysinfo": (99, 179),
    "getrusage": (98, 165),
    "prlimit64": (302, 261),
    "sched_getaffinity": (204, 123),
    "sched_yield": (24, 124),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "sigaltstack": (131, 132),
}
