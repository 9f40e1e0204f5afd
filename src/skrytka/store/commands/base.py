"""What every command has, and what its handler may do beside SQL."""

from collections.abc import Callable
from typing import Any, Generic, NamedTuple, Protocol, TypeVar, get_args

import msgspec

from skrytka.model.ids import AccountId, BlobId, State, UnitId
from skrytka.store.rows import Op
from skrytka.store.statement import Query

R = TypeVar("R")


class Entry(NamedTuple):
    """One journal row to be: ``detail`` and ``before`` are msgpack, by op: docs/store.md."""

    subject: int
    op: Op
    state: int
    detail: bytes
    before: bytes | None


class Tx(Protocol):
    """The transaction a handler runs in."""

    @property
    def now_ms(self) -> int:
        """The store's clock, the same for the whole command."""
        ...

    def log(self, subject: int, op: Op, state: int, detail: object = None, before: object = None) -> None:
        """Append to the journal when the handler has returned; accounts and the directory also feed their state."""
        ...

    def publish(self, spool_name: str, blob_id: BlobId) -> None:
        """Move a synced spool file under blobs/ now; both folders are synced before COMMIT, moved back if it fails."""
        ...

    def discard(self, blob_id: BlobId) -> None:
        """Delete a blob's file after COMMIT."""
        ...


class Command(msgspec.Struct, Generic[R], frozen=True, tag=True, array_like=True, kw_only=True):
    """A write as data. ``unit`` names this very request: sent twice, it happens once and gives the same answer."""

    unit: UnitId

    def __repr__(self) -> str:
        """No field: some are keys and verifiers, some are mail."""
        return f"{type(self).__name__}(unit={self.unit.hex()})"

    def run(self, tx: Tx) -> Query[R]:
        """Do it; PermanentError undoes this command alone."""
        raise NotImplementedError


_DECODERS: dict[type, Callable[[bytes], Any]] = {}


def answer_decoder(command: type[Command[R]]) -> Callable[[bytes], R]:
    """What turns an encoded answer of this command into its result type again."""
    decode = _DECODERS.get(command)
    if decode is None:
        (base,) = (b for b in command.__orig_bases__ if get_args(b))  # type: ignore[attr-defined]
        decode = _DECODERS[command] = msgspec.msgpack.Decoder(get_args(base)[0]).decode
    return decode


class Fed(NamedTuple):
    """What the feed tells every front after a COMMIT."""

    account: AccountId
    state: State
