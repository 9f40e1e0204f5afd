"""SQLite that fails on demand, in two ways.

:class:`FailingDb` stands before a real connection and fails at the nth statement, leaving the transaction as it is or
ended whole, or at COMMIT, before or after it took place. :class:`FailingVfs` lies below SQLite: the nth write, sync or
truncate of any file of the store fails, and SQLite itself decides what that means.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import count
from pathlib import Path
from typing import Any

import apsw

from skrytka.store.drivers.sqlite import ApswDb, Mode, connect_writer, prepare_writer
from skrytka.store.statement import Rows, Value


class How(Enum):
    """What the failing statement leaves behind."""

    STANDS = "the transaction stands"
    ENDED = "the transaction is rolled back whole"
    COMMITTED = "COMMIT took place all the same"


@dataclass
class Plan:
    """Fail at the ``at``th step from now, then ``times - 1`` further steps."""

    at: int = 0  # 0: never
    error: type[Exception] = apsw.FullError
    how: How = How.STANDS
    times: int = 1
    only_commit: bool = False
    seen: int = 0
    fired: int = 0

    def arm(self, at: int, error: type[Exception], how: How = How.STANDS, times: int = 1) -> None:
        self.at, self.error, self.how, self.times = at, error, how, times
        self.seen = self.fired = 0

    def disarm(self) -> None:
        self.at = 0

    def is_due(self) -> bool:
        if not self.at:
            return False
        self.seen += 1
        if not self.at <= self.seen < self.at + self.times:
            return False
        self.fired += 1
        return True


class FailingDb:
    """A ``Db`` that fails by plan; ROLLBACK works, as it does in SQLite."""

    def __init__(self, path: Path, plan: Plan) -> None:
        self._db = connect_writer(path)
        self._plan = plan

    def execute(self, sql: str, values: Mapping[str, Value]) -> Rows:
        is_meant = sql == "COMMIT" if self._plan.only_commit else sql != "ROLLBACK"
        if is_meant and self._plan.is_due():
            if self._plan.how is How.COMMITTED:
                self._db.execute(sql, values)
            elif self._plan.how is How.ENDED and self._db.in_transaction:
                self._db.execute("ROLLBACK", {})
            raise self._plan.error("on demand")
        return self._db.execute(sql, values)

    @property
    def in_transaction(self) -> bool:
        return self._db.in_transaction

    @property
    def wal_pages(self) -> int:
        return self._db.wal_pages

    def checkpoint(self, mode: Mode) -> bool:
        return self._db.checkpoint(mode)

    def close(self) -> None:
        self._db.close()


class FailingVfs(apsw.VFS):
    """A VFS over the machine's own. WAL without shared memory: one connection only."""

    _numbers = count(1)

    def __init__(self, plan: Plan) -> None:
        self.name = f"failing-{next(self._numbers)}"
        self.plan = plan
        super().__init__(name=self.name, base="")

    def xOpen(self, name: Any, flags: list[int]) -> "FailingFile":  # noqa: N802 - SQLite's name
        return FailingFile(name, flags, self.plan)

    def connect(self, path: Path) -> ApswDb:
        connection = apsw.Connection(str(path), vfs=self.name)
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        return prepare_writer(connection)


class FailingFile(apsw.VFSFile):
    """A file whose changes fail by plan."""

    def __init__(self, name: Any, flags: list[int], plan: Plan) -> None:
        super().__init__("", name, flags)
        self._plan = plan

    def _step(self) -> None:
        if self._plan.is_due():
            raise self._plan.error("on demand")

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - SQLite's name
        self._step()
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:  # noqa: N802 - SQLite's name
        self._step()
        super().xSync(flags)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802 - SQLite's name
        self._step()
        super().xTruncate(newsize)
