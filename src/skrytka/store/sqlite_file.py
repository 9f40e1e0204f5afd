"""Opens one small SQLite file of ours that is written by one process and is not a mail store (the key ring).

Refuses a SQLite library with the WAL-reset bug even though these files use no WAL: a machine with such a library must
not get as far as its mail store. Every error of the driver leaves as one of
``model.errors``.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw

from skrytka.model.errors import PermanentError, Reason, TransientError

MIN_SQLITE = (3, 51, 3)  # 3.7.0 to 3.51.2 can lose a WAL reset with several connections

Value = None | int | str | bytes
Step = tuple[str, tuple[Value, ...]]  # a statement and its parameters

_TRANSIENT = {
    apsw.FullError: Reason.DISK_FULL,
    apsw.BusyError: Reason.STORE_BUSY,
    apsw.LockedError: Reason.STORE_BUSY,
}
_PERMANENT = {
    apsw.CorruptError: Reason.CORRUPT,
    apsw.NotADBError: Reason.CORRUPT,
    apsw.CantOpenError: Reason.KEY_UNAVAILABLE,
    apsw.ConstraintError: Reason.ALREADY_EXISTS,
}
_BUSY_MS = 1000  # a reader elsewhere (a backup, the recovery of a copy) is done long before
_PRAGMAS = (
    # The journal goes with each commit: it holds what was replaced, keys on their way to destruction too. (Exclusive
    # locking would keep the file.)
    "PRAGMA journal_mode = DELETE",
    # FULL does not sync the folder after the journal is removed: after a power loss the commit could be rolled back.
    "PRAGMA synchronous = EXTRA",
    "PRAGMA secure_delete = ON",  # what is deleted is overwritten
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA temp_store = MEMORY",
)


def check_library(version: str | None = None) -> None:
    """PermanentError(UNSUPPORTED) when the SQLite in use is older than :data:`MIN_SQLITE`."""
    found = version or apsw.sqlite_lib_version()
    if tuple(int(part) for part in found.split(".")[:3]) < MIN_SQLITE:
        wanted = ".".join(map(str, MIN_SQLITE))
        raise PermanentError(Reason.UNSUPPORTED, f"SQLite {found} is too old, {wanted} or newer is needed")


def create_file(path: Path) -> None:
    """An empty file, 0600, whose folder entry is on disk; PermanentError(ALREADY_EXISTS) when there is one."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        raise PermanentError(Reason.ALREADY_EXISTS, str(path)) from None
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


class SqliteFile:
    """An existing file, opened so that a change that returned survives a power loss; its errors are ours."""

    __slots__ = ("_db", "path")

    def __init__(self, path: Path, *, is_readonly: bool = False, busy_ms: int = _BUSY_MS) -> None:
        check_library()
        self.path = path
        flags = apsw.SQLITE_OPEN_READONLY if is_readonly else apsw.SQLITE_OPEN_READWRITE
        with _translated(path):
            self._db = apsw.Connection(str(path), flags=flags)
        try:
            self._db.set_busy_timeout(busy_ms)
            for pragma in _PRAGMAS:
                self.rows(pragma)
        except BaseException:
            self._db.close()
            raise

    def rows(self, sql: str, params: tuple[Value, ...] = ()) -> list[tuple[Any, ...]]:
        """Run one statement, or several without parameters; all rows they give."""
        with _translated(self.path):
            return self._db.execute(sql, params).fetchall()

    def change(self, *steps: Step) -> None:
        """Run all steps in one transaction, on the disk when this returns; nothing is changed when it raises."""
        with _translated(self.path):
            self._db.execute("BEGIN IMMEDIATE").fetchall()
            try:
                for sql, params in steps:
                    self._db.execute(sql, params).fetchall()
                self._db.execute("COMMIT").fetchall()
            finally:
                if self._db.in_transaction:  # SQLITE_FULL and others end it by themselves
                    self._db.execute("ROLLBACK").fetchall()

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except apsw.Error as exc:
        raise file_error(exc, path) from exc


def file_error(exc: apsw.Error, path: Path) -> PermanentError | TransientError:
    """What an error of the driver means for the caller."""
    for kind, reason in _TRANSIENT.items():
        if isinstance(exc, kind):
            return TransientError(reason, f"{path}: {exc}")
    for kind, reason in _PERMANENT.items():
        if isinstance(exc, kind):
            return PermanentError(reason, f"{path}: {exc}")
    return TransientError(Reason.STORE_DOWN, f"{path}: {exc}")
