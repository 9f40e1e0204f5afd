"""An older store whose migration is cut short: killed before any statement or write of it, or failed by the disk at any
of them. The next start finishes it, and what was in the store is there as after a migration that nothing disturbed.
"""

import os
import shutil
import signal
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from skrytka.model.clock import FixedClock
from skrytka.model.errors import TransientError
from skrytka.store.drivers.sqlite import Db, connect_writer
from skrytka.store.drivers.sqlite_writer import SqliteWriter
from skrytka.store.migrate import migrations
from tests.support.failing_driver import FailingDb, FailingVfs, How, Plan
from tests.support.memory import folder_in_memory
from tests.support.sizes import pick

FIXTURE = Path(__file__).parents[1] / "upgrade" / "fixtures" / "0.1-step-1a.tar.xz"
MAX_STEPS = 2000  # a guard: there are some hundreds
STRIDE = pick(5, 1)


class Killer(Plan):
    """Where others fail, the process is gone."""

    def is_due(self) -> bool:
        if super().is_due():
            os.kill(os.getpid(), signal.SIGKILL)
        return False


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """The disk is one that fails on demand; the real one only takes its time."""
    with folder_in_memory() as folder:
        yield folder


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder store/ of the oldest fixture."""
    folder = tmp_path_factory.mktemp("old")
    with tarfile.open(FIXTURE) as archive:
        # Debian 12's Python 3.11.2 knows no filters yet; the archive is our own
        archive.extraction_filter = getattr(tarfile, "data_filter", None)
        archive.extractall(folder)
    store = folder / "installation" / "store"
    assert schema(store) < len(migrations()), "there is something to migrate"
    return store


def schema(store: Path) -> int:
    db = apsw.Connection(str(store / "mail.sqlite"))
    try:
        ((number,),) = db.execute("SELECT max(number) FROM migration")
        return int(number)
    finally:
        db.close()


def contents(store: Path) -> dict[str, list[Any]]:
    """Every row of every table but the journal, which notes what was done; and of the schema."""
    db = apsw.Connection(str(store / "mail.sqlite"))
    try:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")]
        rows = {name: db.execute(f"SELECT * FROM {name}").fetchall() for name in names if name != "journal"}
        rows["schema"] = sorted(db.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL"))
        return {name: sorted(found, key=repr) for name, found in rows.items()}
    finally:
        db.close()


def open_store(store: Path, plan: Plan, *, is_below: bool) -> SqliteWriter:
    disk = FailingVfs(plan)

    def connect(path: Path) -> Db:
        return disk.connect(path) if is_below else FailingDb(path, plan)

    return SqliteWriter(store, FixedClock(), lambda _fault, _detail: None, connect)


REFUSED = 4


def opened_in_a_process(store: Path, plan: Plan, *, is_below: bool) -> int:
    """What becomes of a store process that opens it: 0, REFUSED when it can say why, or the signal below zero."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            open_store(store, plan, is_below=is_below).close()
            status = 0 if not plan.fired else REFUSED
        except TransientError:
            status = REFUSED
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def migrated(store: Path) -> dict[str, list[Any]]:
    """Opened once more, by nothing that fails."""
    SqliteWriter(store, FixedClock(), lambda _fault, _detail: None, connect_writer).close()
    return contents(store)


@pytest.fixture(scope="module")
def undisturbed(old: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    store = tmp_path_factory.mktemp("undisturbed") / "store"
    shutil.copytree(old, store)
    return migrated(store)


@pytest.mark.parametrize("is_below", [False, True], ids=["at a statement", "at a write of the file"])
def test_a_migration_that_is_killed_anywhere_is_finished_by_the_next_start(
    old: Path, undisturbed: dict[str, list[Any]], tmp_path: Path, *, is_below: bool
) -> None:
    before, states = contents(old), set()
    for at in range(1, MAX_STEPS, STRIDE):
        store = tmp_path / str(at)
        shutil.copytree(old, store)
        plan = Killer()
        plan.arm(at, OSError)
        status = opened_in_a_process(store, plan, is_below=is_below)
        found = contents(store)
        assert found in (before, undisturbed), f"half a migration shows after step {at}"
        states.add(found == before)
        assert migrated(store) == undisturbed, f"after a kill at step {at}"
        shutil.rmtree(store)
        if status == 0:
            break
        assert status == -signal.SIGKILL
    assert at > len(migrations())
    assert states == {True, False}


CASES: tuple[tuple[bool, type[Exception], How], ...] = (
    (False, apsw.FullError, How.STANDS),
    (False, apsw.IOError, How.ENDED),
    (True, apsw.FullError, How.STANDS),
    (True, apsw.IOError, How.STANDS),
)


@pytest.mark.parametrize(("is_below", "error", "how"), CASES)
def test_a_disk_that_fails_anywhere_in_a_migration_refuses_the_start_and_the_next_one_finishes_it(
    old: Path, undisturbed: dict[str, list[Any]], tmp_path: Path, *, is_below: bool, error: type[Exception], how: How
) -> None:
    before, refused = contents(old), 0
    for at in range(1, MAX_STEPS, STRIDE):
        store = tmp_path / str(at)
        shutil.copytree(old, store)
        plan = Plan()
        plan.arm(at, error, how)
        status = opened_in_a_process(store, plan, is_below=is_below)
        assert status in (0, REFUSED), f"an error at step {at} cannot be told"
        refused += status == REFUSED
        assert contents(store) in (before, undisturbed), f"half a migration shows after step {at}"
        assert migrated(store) == undisturbed, f"after an error at step {at}"
        shutil.rmtree(store)
        if status == 0:
            break
    assert refused > len(migrations()) // STRIDE
