"""One server, or one offline command, per folder.

The lock is on the open file, and every child inherits it: it is free again when the last process of the old server has
ended, not when its supervisor has. So a new server never meets a store process of the one before.
"""

import contextlib
import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path

from skrytka.model.errors import Reason, TransientError

DRAIN_WAIT_S = 20.0  # children of a supervisor that was killed drain for 10 s at most


class FolderLock:
    """Holds ``run/lock`` until closed; the file names the holder's process id."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    @classmethod
    def take(cls, path: Path, *, sleep: Callable[[float], None] = time.sleep) -> "FolderLock":
        """Waits for a dying server's children only; TransientError(STORE_BUSY) names a living holder."""
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            _lock(fd, path, sleep)
            os.ftruncate(fd, 0)
            os.pwrite(fd, b"%d\n" % os.getpid(), 0)
        except BaseException:
            os.close(fd)
            raise
        return cls(fd)

    def close(self) -> None:
        """Lets go; children that inherited it still hold it."""
        os.close(self.fd)


def is_held(path: Path) -> bool:
    """Whether somebody holds the lock now."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    try:
        return not _try_lock(fd)
    finally:
        os.close(fd)


def _lock(fd: int, path: Path, sleep: Callable[[float], None]) -> None:
    waited_s = 0.0
    while not _try_lock(fd):
        holder = _holder(fd)
        if _is_alive(holder) or waited_s >= DRAIN_WAIT_S:
            who = f"process {holder}" if holder else "another process"
            raise TransientError(
                Reason.STORE_BUSY,
                f"{path.parent.parent} is in use by {who}; stop it first, or choose another folder with --dir",
            )
        sleep(0.1)
        waited_s += 0.1


def _try_lock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(fd: int) -> int:
    with contextlib.suppress(ValueError):
        return int(os.pread(fd, 32, 0))
    return 0


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return pid > 0
