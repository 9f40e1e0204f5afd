"""The WAL goes into the file by size, and when there is time."""

from pathlib import Path

import apsw
import pytest

from skrytka.store.drivers import sqlite_checkpoint
from skrytka.store.drivers.sqlite import ApswDb, connect_reader, connect_writer
from skrytka.store.drivers.sqlite_checkpoint import Checkpointer, fill_wal
from tests.support.failing_driver import FailingVfs, Plan

LIMIT = 64 * 8192


@pytest.fixture
def db(tmp_path: Path) -> ApswDb:
    made = connect_writer(tmp_path / "a.sqlite")
    made.execute("CREATE TABLE t (a BLOB)", {})
    return made


def write(db: ApswDb, pages: int) -> None:
    db.execute("INSERT INTO t VALUES (zeroblob(:size))", {"size": pages * 8192})


def wal_bytes(folder: Path) -> int:
    return (folder / "a.sqlite-wal").stat().st_size


def wait(checkpointer: Checkpointer) -> None:
    assert checkpointer._thread is not None
    checkpointer._thread.join()


def test_a_wal_over_its_size_starts_anew_after_the_thread_has_copied_it(db: ApswDb, tmp_path: Path) -> None:
    faults: list[str] = []
    checkpointer = Checkpointer(tmp_path / "a.sqlite", LIMIT, lambda fault, _: faults.append(fault))
    write(db, 10)
    checkpointer.after_commit(db)
    assert checkpointer._thread is None, "below the size nothing happens"
    write(db, 70)
    checkpointer.after_commit(db)
    write(db, 5)
    wait(checkpointer)
    checkpointer.after_commit(db)
    write(db, 3)
    assert db.wal_pages < 10, "the WAL began again"
    assert faults == []
    checkpointer.close()
    db.close()


def test_a_reader_that_holds_an_old_snapshot_delays_but_never_blocks(db: ApswDb, tmp_path: Path) -> None:
    checkpointer = Checkpointer(tmp_path / "a.sqlite", LIMIT, lambda _fault, _detail: None)
    reader = connect_reader(tmp_path / "a.sqlite")
    reader.execute("BEGIN", {})
    reader.execute("SELECT count(*) FROM t", {})
    for _ in range(4):
        write(db, 70)
        checkpointer.after_commit(db)
        if checkpointer._thread is not None:
            wait(checkpointer)
    assert db.wal_pages > 280
    reader.execute("COMMIT", {})
    sizes = []
    for _ in range(6):
        write(db, 20)
        sizes.append(db.wal_pages)
        checkpointer.after_commit(db)
        if checkpointer._thread is not None:
            wait(checkpointer)
    assert min(sizes) < 30, "the WAL began again"
    reader.close()
    checkpointer.close()
    db.close()


def test_an_idle_store_has_its_pages_in_the_file(db: ApswDb, tmp_path: Path) -> None:
    checkpointer = Checkpointer(tmp_path / "a.sqlite", 100 * LIMIT, lambda _fault, _detail: None)
    write(db, 10)
    checkpointer.idle(db)
    assert (tmp_path / "a.sqlite").stat().st_size == 8192, "a few are left alone"
    write(db, 200)
    checkpointer.idle(db)
    assert (tmp_path / "a.sqlite").stat().st_size > 200 * 8192
    size = wal_bytes(tmp_path)
    write(db, 1)
    assert db.wal_pages < 10
    assert wal_bytes(tmp_path) == size, "the file of the WAL keeps its size"
    db.close()


def test_a_filled_wal_is_an_empty_one_to_sqlite(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    db = connect_writer(path)
    db.execute("CREATE TABLE t (a BLOB)", {})
    fill_wal(path, 1024 * 1024)
    write(db, 5)
    assert wal_bytes(tmp_path) == 1024 * 1024
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("a.sqlite", "a.sqlite-wal"):  # as a crash leaves them
        (copy / name).write_bytes((tmp_path / name).read_bytes())
    db.close()
    again = connect_writer(copy / "a.sqlite")
    fill_wal(copy / "a.sqlite", 2 * 1024 * 1024)
    write(again, 1)
    assert again.execute("SELECT length(a) FROM t", {}) == [(5 * 8192,), (8192,)]
    assert again.execute("PRAGMA integrity_check", {}) == [("ok",)]
    again.close()


def test_a_wal_is_not_filled_where_room_is_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_checkpoint, "FREE_FACTOR", 2**50)
    fill_wal(tmp_path / "a.sqlite", 1024 * 1024)
    assert wal_bytes(tmp_path) == 0
    fill_wal(tmp_path / "no folder" / "a.sqlite", 1024 * 1024)


def test_a_checkpoint_that_fails_raises_a_fault_and_nothing_else(db: ApswDb, tmp_path: Path) -> None:
    faults: list[tuple[str, str]] = []
    checkpointer = Checkpointer(tmp_path / "none" / "a", LIMIT, lambda fault, detail: faults.append((fault, detail)))
    write(db, 100)
    checkpointer.after_commit(db)  # the thread finds no file
    wait(checkpointer)
    checkpointer.after_commit(db)
    assert [fault for fault, _ in faults] == ["F-checkpoint"]
    plan = Plan()
    failing = FailingVfs(plan).connect(tmp_path / "b.sqlite")
    failing.execute("CREATE TABLE t (a BLOB)", {})
    write(failing, 200)
    plan.arm(1, apsw.IOError)
    checkpointer.idle(failing)
    assert [fault for fault, _ in faults] == ["F-checkpoint", "F-checkpoint"]
    failing.close()
    db.close()
