"""When the WAL goes into the file: by size, and when there is time. Nothing else ever checkpoints.

Under load a thread copies pages (PASSIVE, its own connection; SQLite lets the writer go on meanwhile); the little that
came after it is copied by the writer itself, so that the next COMMIT starts the WAL anew. If readers keep it from
doing so until the WAL has twice its size, RESTART waits for them, 50 ms at most, and not again before the WAL has grown
by another half of its size. An idle store puts all of it into the file.

The WAL's file is never made shorter, and is filled with zeros before the first COMMIT: a COMMIT of one message that
overwrites takes 0.5 ms, one that lets the file grow 2 to 4 ms (docs/performance.md).
"""

import contextlib
import os
import threading
from collections.abc import Callable
from pathlib import Path

from skrytka.model.errors import SkrytkaError
from skrytka.store import faults
from skrytka.store.drivers.sqlite import PAGE_BYTES, Db, Mode, checkpoint_passive

IDLE_BYTES = 1024 * 1024  # an idle store has no more than this outside its file
FREE_FACTOR = 16  # the WAL is filled only where that many times its size is free
_ZEROS = bytes(1024 * 1024)


def fill_wal(database: Path, size_bytes: int) -> None:
    """Let the WAL's file have its full size. Only by the writer's own thread, outside a transaction.

    Nobody else appends then, and zeros after the last frame are to SQLite no frame. A disk that is short of room, or
    fails, is left alone.
    """
    path = database.with_name(database.name + "-wal")
    with contextlib.suppress(OSError):
        fd = os.open(path, os.O_CREAT | os.O_RDWR | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            room = os.fstatvfs(fd)
            if room.f_bavail * room.f_frsize < FREE_FACTOR * size_bytes:
                return
            for at in range(os.fstat(fd).st_size, size_bytes, len(_ZEROS)):
                os.write(fd, _ZEROS[: size_bytes - at])
            os.fsync(fd)
        finally:
            os.close(fd)


class Checkpointer:
    """Called by the store process after each COMMIT and when idle."""

    def __init__(self, path: Path, limit_bytes: int, on_fault: Callable[[str, str], None]) -> None:
        self._path = path
        self._limit_pages = max(limit_bytes // PAGE_BYTES, 1)
        self._on_fault = on_fault
        self._next_pages = self._limit_pages
        self._thread: threading.Thread | None = None
        self._error = ""

    def after_commit(self, db: Db) -> None:
        """Start the thread when the WAL is over its size; finish what it left when it has ended."""
        pages = db.wal_pages
        if self._thread is not None:
            if not self._thread.is_alive():
                self._finish(db, pages)
        elif pages <= self._limit_pages:
            self._next_pages = self._limit_pages
        elif pages > self._next_pages:
            self._thread = threading.Thread(target=self._passive, name="checkpoint", daemon=True)
            self._thread.start()

    def _finish(self, db: Db, pages: int) -> None:
        self._thread = None
        self._report()
        self._checkpoint(db, Mode.PASSIVE)
        if pages > 2 * self._limit_pages:
            self._checkpoint(db, Mode.RESTART)
        self._next_pages = pages + self._limit_pages // 2

    def idle(self, db: Db) -> None:
        """Nothing to do for a second: put the WAL into the file, so that the next COMMIT begins it anew."""
        if self._thread is None and db.wal_pages * PAGE_BYTES > IDLE_BYTES:
            self._checkpoint(db, Mode.RESTART)

    def close(self) -> None:
        """Wait for the thread; it has a file of at most a few times the limit to copy."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _passive(self) -> None:
        try:
            checkpoint_passive(self._path)
        except SkrytkaError as exc:  # reported by the writer's own thread
            self._error = str(exc)

    def _checkpoint(self, db: Db, mode: Mode) -> None:
        try:
            db.checkpoint(mode)
        except SkrytkaError as exc:
            self._error = str(exc)
            self._report()

    def _report(self) -> None:
        if self._error:
            self._on_fault(faults.CHECKPOINT, self._error)
            self._error = ""
