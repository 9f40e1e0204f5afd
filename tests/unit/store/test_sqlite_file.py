from pathlib import Path

import apsw
import pytest

from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.store.sqlite_file import SqliteFile, Step, check_library, create_file, file_error


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "small.sqlite"
    create_file(path)
    return path


@pytest.mark.parametrize("version", ["3.7.0", "3.40.1", "3.51.2"])
def test_a_library_with_the_wal_reset_bug_is_refused(version: str) -> None:
    with pytest.raises(PermanentError) as caught:
        check_library(version)
    assert caught.value.reason is Reason.UNSUPPORTED
    assert version in caught.value.detail


@pytest.mark.parametrize("version", [None, "3.51.3", "3.52.0", "3.100.1", "4.0.0"])
def test_a_newer_library_is_taken(version: str | None) -> None:
    check_library(version)


def test_the_file_and_its_journal_are_for_the_owner_only(path: Path) -> None:
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_that_exists_is_not_made_again(path: Path) -> None:
    with pytest.raises(PermanentError) as caught:
        create_file(path)
    assert caught.value.reason is Reason.ALREADY_EXISTS


def test_the_settings_make_a_commit_survive_a_power_loss(path: Path) -> None:
    file = SqliteFile(path)
    assert file.rows("PRAGMA journal_mode") == [("delete",)]
    assert file.rows("PRAGMA synchronous") == [(3,)]
    assert file.rows("PRAGMA secure_delete") == [(1,)]
    file.close()


def test_steps_of_a_change_happen_together_or_not_at_all(path: Path) -> None:
    file = SqliteFile(path)
    file.change(("CREATE TABLE t (a INTEGER PRIMARY KEY); CREATE TABLE u (b)", ()), ("INSERT INTO t VALUES (?)", (1,)))
    with pytest.raises(PermanentError) as caught:
        file.change(("INSERT INTO t VALUES (?)", (2,)), ("INSERT INTO t VALUES (?)", (1,)))
    assert caught.value.reason is Reason.ALREADY_EXISTS
    assert file.rows("SELECT a FROM t") == [(1,)]
    assert file.rows("SELECT b FROM u") == []
    file.close()


def test_a_full_disk_in_the_middle_of_a_change_undoes_it(path: Path) -> None:
    file = SqliteFile(path)
    file.change(("CREATE TABLE t (a)", ()))
    file.rows("PRAGMA max_page_count = 3")
    small: Step = ("INSERT INTO t VALUES (1)", ())
    with pytest.raises(TransientError) as caught:
        file.change(small, ("INSERT INTO t VALUES (?)", (bytes(100_000),)))
    assert caught.value.reason is Reason.DISK_FULL
    assert file.rows("SELECT * FROM t") == []
    file.change(small)
    assert file.rows("SELECT * FROM t") == [(1,)]
    file.close()


def test_a_change_while_another_process_changes_is_told_to_wait(path: Path) -> None:
    first, second = SqliteFile(path), SqliteFile(path, busy_ms=0)
    first.change(("CREATE TABLE t (a)", ()))
    first.rows("BEGIN IMMEDIATE")
    with pytest.raises(TransientError) as caught:
        second.change(("INSERT INTO t VALUES (1)", ()))
    assert caught.value.reason is Reason.STORE_BUSY
    assert second.rows("SELECT * FROM t") == []
    first.rows("COMMIT")
    second.change(("INSERT INTO t VALUES (1)", ()))
    assert first.rows("SELECT * FROM t") == [(1,)]
    first.close()
    second.close()


def test_a_readonly_file_cannot_be_changed(path: Path) -> None:
    file = SqliteFile(path)
    file.change(("CREATE TABLE t (a)", ()))
    file.close()
    reader = SqliteFile(path, is_readonly=True)
    assert reader.rows("SELECT * FROM t") == []
    with pytest.raises(TransientError):
        reader.change(("INSERT INTO t VALUES (1)", ()))
    reader.close()


def test_a_file_that_is_no_database_is_corrupt(tmp_path: Path) -> None:
    path = tmp_path / "noise"
    path.write_bytes(b"no database at all, only words" * 100)
    with pytest.raises(PermanentError) as caught:
        SqliteFile(path)
    assert caught.value.reason is Reason.CORRUPT


def test_a_file_that_is_absent_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(PermanentError) as caught:
        SqliteFile(tmp_path / "absent")
    assert caught.value.reason is Reason.KEY_UNAVAILABLE


@pytest.mark.parametrize(
    ("error", "kind", "reason"),
    [
        (apsw.FullError("full"), TransientError, Reason.DISK_FULL),
        (apsw.BusyError("busy"), TransientError, Reason.STORE_BUSY),
        (apsw.IOError("io"), TransientError, Reason.STORE_DOWN),
        (apsw.CorruptError("corrupt"), PermanentError, Reason.CORRUPT),
        (apsw.ConstraintError("twice"), PermanentError, Reason.ALREADY_EXISTS),
    ],
)
def test_errors_say_whose_fault_it_is(error: apsw.Error, kind: type[Exception], reason: Reason) -> None:
    found = file_error(error, Path("ring"))
    assert type(found) is kind
    assert found.reason is reason
