"""Connections as the design wants them, and what errors mean."""

import errno
from pathlib import Path

import apsw
import pytest

from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.store.drivers.sqlite import connect_reader, connect_writer, drive, file_error
from skrytka.store.statement import Query, Statement

PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": 2,
    "page_size": 8192,
    "wal_autocheckpoint": 0,
    "temp_store": 2,
    "trusted_schema": 0,
}


def test_the_writer_syncs_every_commit_and_never_checkpoints_by_itself(tmp_path: Path) -> None:
    db = connect_writer(tmp_path / "a.sqlite")
    found = {name: db.execute(f"PRAGMA {name}", {})[0][0] for name in PRAGMAS}
    assert found == PRAGMAS
    db.execute("CREATE TABLE t (a)", {})
    for _ in range(1200):  # SQLite's own threshold is 1,000 pages
        db.execute("INSERT INTO t VALUES (zeroblob(9000))", {})
    assert db.wal_pages > 2400
    db.close()


def test_a_reader_sees_commits_and_cannot_write(tmp_path: Path) -> None:
    writer = connect_writer(tmp_path / "a.sqlite")
    writer.execute("CREATE TABLE t (a)", {})
    reader = connect_reader(tmp_path / "a.sqlite")
    writer.execute("INSERT INTO t VALUES (1)", {})
    assert reader.execute("SELECT a FROM t", {}) == [(1,)]
    with pytest.raises(apsw.ReadOnlyError):
        reader.execute("INSERT INTO t VALUES (2)", {})
    reader.close()
    writer.close()


def test_a_query_is_driven_to_its_value_and_closed_when_it_fails(tmp_path: Path) -> None:
    closed = []

    def query(text: str) -> Query[object]:
        try:
            ((one,),) = yield Statement("SELECT :a + 1")(a=1)
            yield Statement(text)()
            return one
        finally:
            closed.append(text)

    db = connect_writer(tmp_path / "a.sqlite")
    assert drive(db, query("SELECT 1")) == 2
    with pytest.raises(apsw.SQLError):
        drive(db, query("no SQL"))
    assert closed == ["SELECT 1", "no SQL"]
    db.close()


def no_room_for_shared_memory() -> apsw.IOError:
    error = apsw.IOError()
    vars(error)["extendedresult"] = apsw.SQLITE_IOERR_SHMSIZE  # as apsw sets it
    return error


@pytest.mark.parametrize(
    ("raised", "kind", "reason"),
    [
        (apsw.FullError(), TransientError, Reason.DISK_FULL),
        (no_room_for_shared_memory(), TransientError, Reason.DISK_FULL),
        (apsw.IOError(), TransientError, Reason.STORE_BUSY),
        (apsw.BusyError(), TransientError, Reason.STORE_BUSY),
        (apsw.CorruptError(), PermanentError, Reason.CORRUPT),
        (apsw.NotADBError(), PermanentError, Reason.CORRUPT),
        (OSError(errno.ENOSPC, "full"), TransientError, Reason.DISK_FULL),
        (OSError(errno.EIO, "broken"), TransientError, Reason.STORE_BUSY),
    ],
)
def test_errors_say_whether_waiting_helps(raised: Exception, kind: type[Exception], reason: Reason) -> None:
    error = file_error(raised)
    assert type(error) is kind
    assert error.reason is reason
