"""One sealed spool file: made exclusively, written, synced, and gone when anything fails."""

import contextlib
import errno
import os
from pathlib import Path
from typing import Final

from skrytka.model.errors import Reason, TransientError

_FLAGS: Final = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


def spool_error(exc: OSError) -> TransientError:
    """What an error of the file system means: full (DISK_FULL), or the disk does not serve us now (STORE_DOWN)."""
    reason = Reason.DISK_FULL if exc.errno in _FULL else Reason.STORE_DOWN
    return TransientError(reason, f"spool file: {exc.strerror}")


class SpoolFile:
    """Blocking calls, made in a thread. Any OSError removes the file and is raised as TransientError."""

    __slots__ = ("_fd", "path", "size")

    def __init__(self, path: Path) -> None:
        self.path: Final = path
        self.size = 0
        try:
            self._fd = os.open(path, _FLAGS, 0o600)
        except OSError as exc:
            raise spool_error(exc) from exc

    def append(self, data: bytes) -> None:
        """Write all of ``data`` at the end."""
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._fd, view) :]
        except OSError as exc:
            self.remove()
            raise spool_error(exc) from exc
        self.size += len(data)

    def sync(self) -> None:
        """Return only when what was written is on the disk, then close; the folder entry is the store's to sync."""
        try:
            os.fdatasync(self._fd)
        except OSError as exc:
            self.remove()
            raise spool_error(exc) from exc
        self._close()

    def remove(self) -> None:
        """Close and unlink; nothing happens when the file is gone or was taken over by the store."""
        self._close()
        with contextlib.suppress(OSError):  # gone already, or a disk that takes nothing: the first error counts
            self.path.unlink()

    def _close(self) -> None:
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)
