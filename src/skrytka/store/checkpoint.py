"""When the WAL goes into the file: by size, and when there is time. Nothing else ever checkpoints.

Under load a thread copies pages (PASSIVE, its own connection; SQLite lets the writer go on meanwhile); the little that
came after it is copied by the writer itself, so that the next COMMIT starts the WAL anew. If readers keep it from
doing so until the WAL has twice its size, RESTART waits for them, 50 ms at most, and not again before the WAL has grown
by another half of its size. An idle store truncates it.
"""

import threading
from collections.abc import Callable
from pathlib import Path

import apsw

from skrytka.store import faults
from skrytka.store.drivers.sqlite import PAGE_BYTES, Db, connect_writer

IDLE_BYTES = 1024 * 1024  # an idle store keeps no WAL larger than this


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
        self._checkpoint(db, apsw.SQLITE_CHECKPOINT_PASSIVE)
        if pages > 2 * self._limit_pages:
            self._checkpoint(db, apsw.SQLITE_CHECKPOINT_RESTART)
        self._next_pages = pages + self._limit_pages // 2

    def idle(self, db: Db) -> None:
        """Nothing to do for a second: make the WAL small."""
        if self._thread is None and db.wal_pages * PAGE_BYTES > IDLE_BYTES:
            self._checkpoint(db, apsw.SQLITE_CHECKPOINT_TRUNCATE)

    def close(self) -> None:
        """Wait for the thread; it has a file of at most a few times the limit to copy."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _passive(self) -> None:
        try:
            db = connect_writer(self._path)
            try:
                db.checkpoint(apsw.SQLITE_CHECKPOINT_PASSIVE)
            finally:
                db.close()
        except apsw.Error as exc:  # reported by the writer's own thread
            self._error = type(exc).__name__

    def _checkpoint(self, db: Db, mode: int) -> None:
        try:
            db.checkpoint(mode)
        except apsw.BusyError:
            return  # readers; another time
        except apsw.Error as exc:
            self._error = type(exc).__name__
            self._report()

    def _report(self) -> None:
        if self._error:
            self._on_fault(faults.CHECKPOINT, self._error)
            self._error = ""
