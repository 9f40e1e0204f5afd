"""Where the store's files lie, and how a spool file becomes a blob so that it survives a power loss.

States of a large blob: in ``spool/`` (synced, its writer owns it) > renamed into ``blobs/`` (the command runs) > both
folders synced > COMMIT. What fails before COMMIT is renamed back. A crash leaves a file in ``blobs/`` that no row
names: :meth:`BlobFiles.recover` puts it back into ``spool/``, where a resubmitted command finds it; spool files are
swept when no writer can be alive (:func:`sweep_spool`).
"""

import contextlib
import errno
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.ids import ID_BYTES, BlobId

_SPOOL_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}\Z")  # never a path
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class StorePaths:
    """The folder ``store/`` of an installation."""

    __slots__ = ("blobs", "database", "lock", "root", "spool")

    def __init__(self, root: Path) -> None:
        self.root = root
        self.database = root / "mail.sqlite"
        self.blobs = root / "blobs"
        self.spool = root / "spool"
        self.lock = root / "lock"

    def blob(self, blob_id: BlobId) -> Path:
        """The file of a blob above 256 KiB: spread over 256 folders by the last, random byte of its id."""
        return self.blobs / f"{blob_id[-1]:02x}" / blob_id.hex()

    def blob_size(self, blob_id: BlobId) -> int | None:
        """How long a blob's file is; None without one."""
        try:
            return self.blob(blob_id).stat().st_size
        except FileNotFoundError:
            return None

    def make(self) -> None:
        """All folders, mode 0700, their entries on disk."""
        for folder in (self.root, self.blobs, self.spool):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (self.root, self.root.parent):
            sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Return when the folder's entries are on disk."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def disk_error(exc: OSError) -> TransientError:
    """What an error of the file system means: full, or broken for now."""
    reason = Reason.DISK_FULL if exc.errno in _FULL else Reason.STORE_BUSY
    return TransientError(reason, exc.strerror or type(exc).__name__)


class BlobFiles:
    """Files of one store, moved by the one process that writes it."""

    def __init__(self, paths: StorePaths) -> None:
        self._paths = paths
        self._unsynced: set[Path] = set()

    def publish(self, spool_name: str, blob_id: BlobId) -> bool:
        """Rename the spool file into blobs/. False: it is there already; neither here nor there is NO_SUCH_OBJECT."""
        if not _SPOOL_NAME.match(spool_name) or len(blob_id) != ID_BYTES:
            raise PermanentError(Reason.BAD_SYNTAX, "not the name of a spool file")
        target = self._paths.blob(blob_id)
        is_there = target.exists()
        try:
            if not target.parent.exists():
                target.parent.mkdir(mode=0o700)
                self._unsynced.add(self._paths.blobs)
            if not is_there:
                os.rename(self._source(spool_name, blob_id), target)
        except FileNotFoundError:
            raise PermanentError(Reason.NO_SUCH_OBJECT, "the spool file is gone") from None
        except OSError as exc:
            raise disk_error(exc) from exc
        self._unsynced.update((target.parent, self._paths.spool))
        return not is_there

    def _source(self, spool_name: str, blob_id: BlobId) -> Path:
        path = self._paths.spool / spool_name
        return path if path.exists() else self._paths.spool / blob_id.hex()  # put back by recover()

    def sync(self) -> None:
        """Sync the folders that renames went through since the last call; OSError if that fails."""
        for folder in self._unsynced:
            sync_folder(folder)
        self._unsynced.clear()

    def take_back(self, spool_name: str, blob_id: BlobId) -> None:
        """Undo :meth:`publish` for a command that did not commit; what cannot be moved is left to recover()."""
        with contextlib.suppress(OSError):
            os.rename(self._paths.blob(blob_id), self._paths.spool / spool_name)

    def remove(self, blob_id: BlobId) -> None:
        """Delete the file of a blob whose row is gone; what cannot be deleted is left to recover()."""
        with contextlib.suppress(OSError):
            self._paths.blob(blob_id).unlink()

    def recover(self, is_known: Callable[[BlobId], bool]) -> int:
        """Put files that no row names back into spool/, before any command runs; how many."""
        count = 0
        for path, blob_id in self._stored():
            if not is_known(blob_id):
                os.rename(path, self._paths.spool / blob_id.hex())
                count += 1
        return count

    def _stored(self) -> Iterator[tuple[Path, BlobId]]:
        for folder in sorted(self._paths.blobs.iterdir()):
            for path in folder.iterdir():
                with contextlib.suppress(ValueError):
                    yield path, BlobId(bytes.fromhex(path.name))


def sweep_spool(root: Path) -> int:
    """Delete what crashed writers left in spool/; only while nobody writes there. How many files went."""
    count = 0
    for path in StorePaths(root).spool.glob("*"):
        path.unlink()
        count += 1
    return count
