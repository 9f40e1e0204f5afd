"""One command on its way through a transaction, the same for both engines."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from skrytka.model.errors import PermanentError, Reason, SkrytkaError, TransientError
from skrytka.model.ids import BlobId, UnitId
from skrytka.store.commands.base import Command, Entry
from skrytka.store.files import BlobFiles
from skrytka.store.rows import Op
from skrytka.store.sql import journal
from skrytka.store.statement import Query, Value

R = TypeVar("R")
_encode = msgspec.msgpack.Encoder().encode


class AlreadyDoneError(SkrytkaError):
    """The unit has committed before: undo, and give its former answer."""


class Failure(msgspec.Struct, frozen=True, array_like=True, tag="f"):
    """Why a command did not happen; ``reason`` None is a bug of ours."""

    is_transient: bool
    reason: Reason | None
    detail: str = ""

    @classmethod
    def of(cls, exc: Exception) -> "Failure":
        """What a handler's exception means; a bug shows its kind, never its text."""
        if isinstance(exc, PermanentError | TransientError):
            return cls(isinstance(exc, TransientError), exc.reason, exc.detail)
        return cls(is_transient=True, reason=None, detail=type(exc).__name__)

    def error(self) -> PermanentError | TransientError:
        """The exception for whoever submitted the command."""
        if self.reason is None:
            return TransientError(Reason.STORE_BUSY, f"bug: {self.detail}")
        return (TransientError if self.is_transient else PermanentError)(self.reason, self.detail)


class Done(msgspec.Struct, frozen=True, array_like=True, tag="d"):
    """The encoded answer of a command that committed, and the accounts it changed."""

    answer: bytes
    fed: tuple[tuple[int, int], ...] = ()


class Work:
    """The ``Tx`` of one command: collects what is to happen beside its SQL."""

    __slots__ = ("_files", "_journal_key", "discards", "entries", "fed", "now_ms", "published")

    def __init__(self, now_ms: int, files: BlobFiles, journal_key: Callable[[], Mapping[str, Value]]) -> None:
        self.now_ms = now_ms
        self.entries: list[Entry] = []
        self.fed: list[tuple[int, int]] = []
        self.published: list[tuple[str, BlobId]] = []
        self.discards: list[BlobId] = []
        self._files = files
        self._journal_key = journal_key

    def log(self, subject: int, op: Op, state: int, detail: object = None, before: object = None) -> None:
        self.entries.append(Entry(subject, op, state, _encode(detail), None if before is None else _encode(before)))
        if subject >= 0:
            self.fed.append((subject, state))

    def publish(self, spool_name: str, blob_id: BlobId) -> None:
        if self._files.publish(spool_name, blob_id):  # else it is another command's, perhaps committed
            self.published.append((spool_name, blob_id))

    def discard(self, blob_id: BlobId) -> None:
        self.discards.append(blob_id)

    def undo(self) -> None:
        """The command's SQL is rolled back: so are its files."""
        for spool_name, blob_id in self.published:
            self._files.take_back(spool_name, blob_id)

    def run(self, command: Command[Any]) -> Query[bytes]:
        """The whole command: handler, then journal. The answer, encoded; AlreadyDoneError if the unit has committed."""
        answer = _encode((yield from command.run(self)))
        own: bytes | None = answer
        for entry in self.entries:
            rows = yield journal.APPEND(
                unit=command.unit,
                subject=entry.subject,
                state=entry.state,
                at_ms=self.now_ms,
                op=entry.op.value,
                detail=entry.detail,
                before=entry.before,
                answer=own,
                **self._journal_key(),
            )
            if not rows:
                raise AlreadyDoneError
            own = None
        return answer


def former(unit: UnitId) -> Query[Done | None]:
    """The answer of a unit that committed before."""
    answer = yield from journal.answer_of(unit)
    return None if answer is None else Done(answer)
