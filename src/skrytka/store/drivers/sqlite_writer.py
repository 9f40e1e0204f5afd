"""The one writer of a SQLite store: many commands, one COMMIT.

States of a batch: BEGIN > each command in a savepoint > folders synced > COMMIT returned > answered. An error that
ends the transaction, or speaks of the file or the disk, fails the whole batch: every unit is answered TransientError.
An error of COMMIT itself is unknown: the file is opened anew, the journal says which units are in, and a fence is
committed over what may lie in the tail of the WAL. If even that fails, StoreBrokenError ends the process; whoever
submitted asks the next one by unit.
"""

import contextlib
import fcntl
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import apsw

from skrytka.model.clock import Clock
from skrytka.model.errors import PermanentError, Reason, SkrytkaError, TransientError
from skrytka.model.ids import BlobId
from skrytka.store import faults
from skrytka.store.batch import OnFault, Outcome, Request, StoreBrokenError
from skrytka.store.drivers.sqlite import OF_ONE_COMMAND, Db, connect_writer, drive, file_error
from skrytka.store.drivers.sqlite_checkpoint import Checkpointer, fill_wal
from skrytka.store.files import BlobFiles, StorePaths, sync_folder
from skrytka.store.migrate import migrate
from skrytka.store.rows import JOBS_SUBJECT, Op
from skrytka.store.sql import journal
from skrytka.store.sql.messages import blob
from skrytka.store.statement import Query, Value
from skrytka.store.work import Done, Failure, Work, former

_NOTHING: Mapping[str, Value] = {}
_FENCE_UNIT = bytes(16)
WAL_BYTES = 64 * 1024 * 1024


class SqliteWriter:
    """Owns the file, the lock on the folder, and the blob files."""

    def __init__(
        self,
        root: Path,
        clock: Clock,
        on_fault: OnFault,
        connect: Callable[[Path], Db] = connect_writer,
        wal_bytes: int = WAL_BYTES,
    ) -> None:
        self._paths = StorePaths(root)
        self._clock = clock
        self._on_fault = on_fault
        self._connect = connect
        self._checkpointer = Checkpointer(self._paths.database, wal_bytes, on_fault)
        self._files = BlobFiles(self._paths)
        self._commit_no = 0
        self._number = 0
        self._paths.make()
        self._lock = _lock(self._paths.lock)
        try:
            self.db = self._open()
            self._files.recover(self._is_stored)
        except (apsw.Error, OSError) as exc:
            os.close(self._lock)
            error = file_error(exc)
            if error.reason is Reason.CORRUPT:
                said = f"{self._paths.database}: {error.detail}; take the folder store/ from the backup"
                raise PermanentError(error.reason, said) from exc
            raise error from exc
        except SkrytkaError:
            os.close(self._lock)
            raise

    def close(self) -> None:
        """Close the file (SQLite then puts the WAL into it, or leaves it to the next start) and free the folder."""
        self._checkpointer.close()
        try:
            self.db.close()
        except apsw.Error as exc:
            self._on_fault(faults.CHECKPOINT, type(exc).__name__)
        finally:
            os.close(self._lock)

    def run(self, requests: Sequence[Request]) -> list[Outcome]:
        """Run them in this order and commit once; the outcomes are true when this returns."""
        works: list[Work] = []
        outcomes: list[Outcome] = []
        self._commit_no += 1
        self._number = 0
        try:
            self.db.execute("BEGIN IMMEDIATE", _NOTHING)
            for request in requests:
                outcomes.append(self._one(request, works, is_nested=len(requests) > 1))  # noqa: PERF401 - partial list
            self._files.sync()
            if not works:
                self.db.execute("ROLLBACK", _NOTHING)
                return outcomes
        except (apsw.Error, OSError) as exc:
            return self._lost(requests, works, exc)
        try:
            self.db.execute("COMMIT", _NOTHING)
        except (apsw.Error, OSError) as exc:
            if not self._is_in(requests, outcomes, exc):
                return self._lost(requests, works, exc)
        for work in works:
            for blob_id in work.discards:
                self._files.remove(blob_id)
        return outcomes

    def tidy(self) -> None:
        """Checkpoint when the WAL has its size."""
        self._checkpointer.after_commit(self.db)

    def idle(self) -> None:
        """Checkpoint since there is time."""
        self._checkpointer.idle(self.db)

    def read(self, query: Query[Any]) -> Any:
        """A query outside any batch, for look-ups and checks of the writer itself."""
        return drive(self.db, query)

    def _one(self, request: Request, works: list[Work], *, is_nested: bool) -> Outcome:
        """Run one command. Without a savepoint (it is alone) a failure leaves its rows to the batch's ROLLBACK."""
        if request.is_retry and (done := drive(self.db, former(request.command.unit))):
            return done
        work = Work(self._clock.now_ms(), self._files, self._journal_key)
        if is_nested:
            self.db.execute("SAVEPOINT command", _NOTHING)
        try:
            answer = drive(self.db, work.run(request.command))
        except Exception as exc:  # noqa: BLE001 - whatever a handler raises undoes that command alone
            return self._undo(request, work, exc, is_nested=is_nested)
        works.append(work)
        if is_nested:
            self.db.execute("RELEASE command", _NOTHING)
        return Done(answer, tuple(work.fed))

    def _undo(self, request: Request, work: Work, exc: Exception, *, is_nested: bool) -> Outcome:
        work.undo()
        is_of_file = isinstance(exc, apsw.Error) and not isinstance(exc, OF_ONE_COMMAND)
        if is_of_file or not self.db.in_transaction:  # SQLITE_FULL and others end the transaction whole
            raise exc if isinstance(exc, apsw.Error) else apsw.AbortError("the transaction ended")
        if is_nested:
            self.db.execute("ROLLBACK TO command", _NOTHING)
            self.db.execute("RELEASE command", _NOTHING)
        if done := drive(self.db, former(request.command.unit)):  # a copy of a request that committed
            return done
        if not isinstance(exc, PermanentError | TransientError):
            self._on_fault(faults.STORE_BUG, f"{type(request.command).__name__}: {type(exc).__name__}")
        return Failure.of(exc)

    def _lost(self, requests: Sequence[Request], works: list[Work], exc: Exception) -> list[Outcome]:
        """Nothing of the batch is in."""
        for work in works:
            work.undo()
        try:
            if self.db.in_transaction:
                self.db.execute("ROLLBACK", _NOTHING)
        except apsw.Error:
            self._reopen()
        return self._refuse(requests, exc)

    def _is_in(self, requests: Sequence[Request], outcomes: list[Outcome], error: Exception) -> bool:
        """COMMIT failed, which says nothing: ask the file."""
        self._reopen()
        is_in = False
        try:
            is_in = any(
                isinstance(outcome, Done) and drive(self.db, former(request.command.unit))
                for request, outcome in zip(requests, outcomes, strict=True)
            )
            self._fence()
        except apsw.FullError as exc:
            # SQLite writes the frame that commits last: a COMMIT that found no room has not written it, and the tail
            # of the WAL holds nothing that a fence would have to cover.
            if is_in or not isinstance(error, apsw.FullError):
                raise StoreBrokenError(type(exc).__name__) from exc
        except (apsw.Error, OSError) as exc:
            raise StoreBrokenError(type(exc).__name__) from exc
        return is_in

    def _refuse(self, requests: Sequence[Request], exc: Exception) -> list[Outcome]:
        error = file_error(exc)
        self._on_fault(faults.DISK_FULL if error.reason is Reason.DISK_FULL else faults.STORE_ERROR, error.detail)
        reason = error.reason if isinstance(error, TransientError) else Reason.STORE_BUSY
        return [Failure(is_transient=True, reason=reason, detail=error.detail)] * len(requests)

    def _fence(self) -> None:
        """Commit a row, so that frames of a COMMIT that was refused can never be read back from the WAL's tail."""
        self._commit_no += 1
        self._number = 0
        self.db.execute("BEGIN IMMEDIATE", _NOTHING)
        statement, values = journal.APPEND(
            unit=_FENCE_UNIT,
            subject=JOBS_SUBJECT,
            state=0,
            at_ms=self._clock.now_ms(),
            op=Op.FENCE.value,
            detail=b"\xc0",
            before=None,
            answer=None,
            **self._journal_key(),
        )
        self.db.execute(statement.sql, values)
        self.db.execute("COMMIT", _NOTHING)

    def _journal_key(self) -> Mapping[str, Value]:
        self._number += 1
        return {"commit_no": self._commit_no, "number": self._number}

    def _reopen(self) -> None:
        with contextlib.suppress(apsw.Error):
            self.db.close()
        try:
            self.db = self._open()
        except (apsw.Error, OSError) as exc:
            raise StoreBrokenError(type(exc).__name__) from exc

    def _open(self) -> Db:
        if not self._paths.database.exists():
            os.close(os.open(self._paths.database, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600))
            sync_folder(self._paths.root)
        db = self._connect(self._paths.database)
        db.execute("BEGIN IMMEDIATE", _NOTHING)
        try:
            drive(db, migrate(self._clock.now_ms()))
        except BaseException:
            db.execute("ROLLBACK", _NOTHING)
            db.close()
            raise
        db.execute("COMMIT", _NOTHING)
        statement, values = journal.LAST_COMMIT()
        ((last,),) = db.execute(statement.sql, values)
        self._commit_no = last if isinstance(last, int) else 0
        return db

    def _is_stored(self, blob_id: BlobId) -> bool:
        return drive(self.db, blob(blob_id)) is not None


def connect_filled(path: Path, wal_bytes: int) -> Db:
    """The writing connection of a store process, over a WAL of full size."""
    db = connect_writer(path)
    fill_wal(path, wal_bytes)
    return db


def _lock(path: Path) -> int:
    """The folder's lock; the kernel frees it when the process ends, however it ends."""
    fd = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(fd)
        raise TransientError(Reason.STORE_BUSY, "another process writes this store") from None
    return fd
