"""The WAL goes into the file by size, and when there is time."""

from pathlib import Path

import apsw
import pytest

from skrytka.store.checkpoint import Checkpointer
from skrytka.store.drivers.sqlite import ApswDb, connect_reader, connect_writer

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


def test_an_idle_store_has_an_empty_wal(db: ApswDb, tmp_path: Path) -> None:
    checkpointer = Checkpointer(tmp_path / "a.sqlite", 100 * LIMIT, lambda _fault, _detail: None)
    write(db, 10)
    checkpointer.idle(db)
    assert wal_bytes(tmp_path) > 0, "a small one is left alone"
    write(db, 200)
    checkpointer.idle(db)
    assert wal_bytes(tmp_path) == 0
    db.close()


def test_a_checkpoint_that_fails_raises_a_fault_and_nothing_else(db: ApswDb, tmp_path: Path) -> None:
    class Broken(ApswDb):
        def checkpoint(self, mode: int) -> None:
            raise apsw.IOError("on demand")

    faults: list[tuple[str, str]] = []
    checkpointer = Checkpointer(tmp_path / "a.sqlite", LIMIT, lambda fault, detail: faults.append((fault, detail)))
    connection = apsw.Connection(str(tmp_path / "a.sqlite"))
    broken = Broken(connection)
    broken.wal_pages = 1000
    checkpointer.idle(broken)
    assert faults == [("F-checkpoint", "IOError")]
    broken.close()
    db.close()
