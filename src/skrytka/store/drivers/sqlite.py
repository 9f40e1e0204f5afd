"""SQLite through apsw: connections, how a generator is driven, what errors mean."""

from collections.abc import Mapping
from enum import IntEnum
from pathlib import Path
from typing import Any, Protocol, TypeVar

import apsw

from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.store.files import disk_error
from skrytka.store.sqlite_file import check_library
from skrytka.store.statement import Query, Rows, Value

R = TypeVar("R")
PAGE_BYTES = 8192
BUSY_MS = 5000
CHECKPOINT_WAIT_MS = 50
WRITER_CACHE_KIB = 32 * 1024
READER_CACHE_KIB = 8 * 1024

# These speak of one statement and its values; all others of the file, the disk or the memory.
OF_ONE_COMMAND = (
    apsw.ConstraintError,
    apsw.MismatchError,
    apsw.RangeError,
    apsw.SQLError,
    apsw.TooBigError,
)


class Mode(IntEnum):
    """How far a checkpoint goes."""

    PASSIVE = apsw.SQLITE_CHECKPOINT_PASSIVE  # what can be copied without waiting
    RESTART = apsw.SQLITE_CHECKPOINT_RESTART  # all of it, and the next COMMIT begins the WAL anew


class Db(Protocol):
    """What the writer needs of a connection; tests put one that fails in its place."""

    def execute(self, sql: str, values: Mapping[str, Value]) -> Rows:
        """Run one statement to its end."""
        ...

    @property
    def in_transaction(self) -> bool: ...

    @property
    def wal_pages(self) -> int:
        """Pages in the WAL after the last COMMIT."""
        ...

    def checkpoint(self, mode: "Mode") -> bool:
        """Put pages of the WAL into the file; False when readers kept it from that for CHECKPOINT_WAIT_MS."""
        ...

    def close(self) -> None: ...


class ApswDb:
    """A connection of apsw with one cursor."""

    __slots__ = ("_connection", "_cursor", "wal_pages")

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self.wal_pages = 0

    def execute(self, sql: str, values: Mapping[str, Value]) -> Rows:
        return self._cursor.execute(sql, values).fetchall()

    @property
    def in_transaction(self) -> bool:
        return self._connection.in_transaction

    def count_wal(self) -> None:
        """Keep ``wal_pages`` up to date; SQLite then checkpoints nothing by itself."""
        self._connection.set_wal_hook(self._after_commit)

    def _after_commit(self, _connection: apsw.Connection, _name: str, pages: int) -> int:
        self.wal_pages = pages
        return apsw.SQLITE_OK

    def checkpoint(self, mode: Mode) -> bool:
        self._connection.set_busy_timeout(CHECKPOINT_WAIT_MS)
        try:
            self._connection.wal_checkpoint(mode=mode)
        except apsw.BusyError:
            return False
        except apsw.Error as exc:
            raise file_error(exc) from exc
        finally:
            self._connection.set_busy_timeout(BUSY_MS)
        return True

    def close(self) -> None:
        self._cursor.close()
        self._connection.close()


def connect_writer(path: Path) -> ApswDb:
    """The one writing connection: WAL, each COMMIT synced."""
    check_library()
    connection = apsw.Connection(
        str(path), flags=apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE, statementcachesize=256
    )
    return prepare_writer(connection)


def prepare_writer(connection: apsw.Connection) -> ApswDb:
    """Set what the writer relies on."""
    db = ApswDb(connection)
    connection.set_busy_timeout(BUSY_MS)
    for pragma in (
        f"PRAGMA page_size = {PAGE_BYTES}",
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = FULL",
        "PRAGMA wal_autocheckpoint = 0",
        "PRAGMA temp_store = MEMORY",
        "PRAGMA trusted_schema = OFF",
        f"PRAGMA cache_size = -{WRITER_CACHE_KIB}",
    ):
        db.execute(pragma, {})
    db.count_wal()
    return db


def connect_reader(path: Path) -> ApswDb:
    """A connection that cannot write, to a file that is there."""
    check_library()
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY, statementcachesize=256)
    db = ApswDb(connection)
    connection.set_busy_timeout(BUSY_MS)
    for pragma in ("PRAGMA query_only = ON", "PRAGMA trusted_schema = OFF", f"PRAGMA cache_size = -{READER_CACHE_KIB}"):
        db.execute(pragma, {})
    return db


def checkpoint_passive(path: Path) -> None:
    """Copy pages into the file by a connection of one's own, while the writer goes on."""
    try:
        db = connect_writer(path)
        try:
            db.checkpoint(Mode.PASSIVE)
        finally:
            db.close()
    except apsw.Error as exc:
        raise file_error(exc) from exc


def drive(db: Db, query: Query[R]) -> R:
    """Run a generator of statements to its end."""
    execute = db.execute
    send = query.send
    rows: Any = None
    try:
        while True:
            statement, values = send(rows)
            rows = execute(statement.sql, values)
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]
    finally:
        query.close()


def file_error(exc: Exception) -> TransientError | PermanentError:
    """What an error of SQLite or of the file system means for whoever asked."""
    if isinstance(exc, apsw.FullError):
        return TransientError(Reason.DISK_FULL, "SQLITE_FULL")
    if getattr(exc, "extendedresult", 0) == apsw.SQLITE_IOERR_SHMSIZE:
        return TransientError(Reason.DISK_FULL, "disk full: no room for the index of the WAL")
    if isinstance(exc, apsw.CorruptError | apsw.NotADBError):
        return PermanentError(Reason.CORRUPT, f"the file of the store is damaged ({type(exc).__name__})")
    if isinstance(exc, OSError):
        return disk_error(exc)
    return TransientError(Reason.STORE_BUSY, type(exc).__name__)
