"""One command on its way: what is logged, fed, answered."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.ids import BlobId, UnitId
from skrytka.store.commands.base import Command
from skrytka.store.files import BlobFiles, StorePaths
from skrytka.store.rows import Op
from skrytka.store.statement import Query
from skrytka.store.work import AlreadyDoneError, Failure, Work

UNIT = UnitId(b"u" * 16)


class Two(Command[int], frozen=True):
    """Changes the directory and an account."""

    def run(self, tx: Any) -> Query[int]:
        tx.log(0, Op.DOMAIN_ADD, 5, ("a",))
        tx.log(7, Op.FLAGS, 9, (1,), (2,))
        yield from ()
        return 42


@pytest.fixture
def work(tmp_path: Path) -> Work:
    paths = StorePaths(tmp_path)
    paths.make()
    return Work(1000, BlobFiles(paths), lambda: {"number": 1})


def finish(query: Query[bytes], rows: list[tuple[object, ...]]) -> tuple[list[Any], bytes]:
    calls = []
    try:
        calls.append(query.send(None))  # type: ignore[arg-type]
        while True:
            calls.append(query.send(rows))
    except StopIteration as stop:
        return [values for _, values in calls], stop.value


def test_the_journal_rows_follow_the_handler_and_the_first_has_the_answer(work: Work) -> None:
    rows, answer = finish(work.run(Two(unit=UNIT)), [(1,)])
    assert msgspec.msgpack.decode(answer) == 42
    assert [(row["subject"], row["state"], row["op"], row["answer"]) for row in rows] == [
        (0, 5, "domain.add", answer),
        (7, 9, "flags", None),
    ]
    assert [row["at_ms"] for row in rows] == [1000, 1000]
    assert msgspec.msgpack.decode(rows[1]["before"]) == [2]
    assert work.fed == [(0, 5), (7, 9)], "accounts and the directory are fed"


def test_a_unit_that_is_in_the_journal_stops_the_command(work: Work) -> None:
    with pytest.raises(AlreadyDoneError):
        finish(work.run(Two(unit=UNIT)), [])


def test_undoing_moves_only_its_own_files_back(work: Work, tmp_path: Path) -> None:
    paths = StorePaths(tmp_path)
    (paths.spool / "a").write_bytes(b"a")
    other = Work(0, BlobFiles(paths), dict)
    other.publish("a", BlobId(b"1" * 16))
    work.publish("a", BlobId(b"1" * 16))
    work.undo()
    assert paths.blob(BlobId(b"1" * 16)).exists(), "another command published it, and may have committed"
    other.undo()
    assert (paths.spool / "a").exists()


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (PermanentError(Reason.OVER_QUOTA, "d"), Failure(is_transient=False, reason=Reason.OVER_QUOTA, detail="d")),
        (TransientError(Reason.DISK_FULL), Failure(is_transient=True, reason=Reason.DISK_FULL)),
        (ValueError("private text"), Failure(is_transient=True, reason=None, detail="ValueError")),
    ],
)
def test_a_failure_says_whose_it_is_and_never_a_bugs_text(raised: Exception, expected: Failure) -> None:
    assert Failure.of(raised) == expected
    error = expected.error()
    assert isinstance(error, TransientError if expected.is_transient else PermanentError)
    assert error.reason is (expected.reason or Reason.STORE_BUSY)
