"""A front's reading connection."""

from pathlib import Path

import apsw
import pytest

from skrytka.model.clock import FixedClock
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.store.drivers.sqlite_reader import SqliteReader
from skrytka.store.local import LocalStore
from skrytka.store.sql import directory
from skrytka.store.statement import Query, Rows, Statement

DOMAINS = Statement("SELECT count(*) FROM domain")


async def test_a_query_sees_one_snapshot(tmp_path: Path) -> None:
    local = LocalStore(tmp_path, FixedClock())

    def twice() -> Query[list[Rows]]:
        first = yield DOMAINS()
        local.writer.db.execute("INSERT INTO domain VALUES (1, 'a.test', 0)", {})
        return [first, (yield DOMAINS())]

    assert local.reader.read(twice()) == [[(0,)], [(0,)]]
    assert len(local.reader.read(directory.domains())) == 1
    await local.close()


async def test_after_an_error_the_reader_goes_on(tmp_path: Path) -> None:
    local = LocalStore(tmp_path, FixedClock())

    def broken(error: Exception | None) -> Query[Rows]:
        if error is not None:
            raise error
        return (yield Statement("no SQL")())

    with pytest.raises(TransientError):
        local.reader.read(broken(None))
    with pytest.raises(ZeroDivisionError):
        local.reader.read(broken(ZeroDivisionError()))
    assert local.reader.read(directory.domains()) == []
    await local.close()


def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mail.sqlite").write_bytes(b"not a database, but long enough to look at" * 100)
    with pytest.raises(PermanentError) as caught:
        SqliteReader(tmp_path)
    assert caught.value.reason is Reason.CORRUPT


def test_an_empty_database_is_refused(tmp_path: Path) -> None:
    apsw.Connection(str(tmp_path / "mail.sqlite")).close()
    with pytest.raises((PermanentError, TransientError)):
        SqliteReader(tmp_path)


async def test_a_closed_reader_says_so(tmp_path: Path) -> None:
    await LocalStore(tmp_path, FixedClock()).close()
    reader = SqliteReader(tmp_path)
    reader.close()
    reader.close()
    with pytest.raises(RuntimeError):
        reader.read(directory.domains())
