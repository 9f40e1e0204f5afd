"""What roles, sessions, keys of programs and approvals share: the store, and keys for their hashes and records.

Formats: docs/formats.md, "Access records".
"""

from dataclasses import dataclass
from typing import Final, TypeVar

import msgspec

from skrytka.model.clock import Clock, Random
from skrytka.model.errors import UNREADABLE, PermanentError, Reason
from skrytka.model.ids import AccountId, UnitId, new_id
from skrytka.store.api import Store
from skrytka.store.seal.keys import AccountKeys, Kind, MacKind
from skrytka.store.seal.source import KeySource

ACCESS_SUBJECT: Final = "node:access"
NODE: Final = AccountId(0)
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessDeps:
    """Made by the composition root."""

    store: Store
    keys: KeySource
    clock: Clock
    random: Random


class AccessPart:
    """Base of the parts."""

    def __init__(self, deps: AccessDeps) -> None:
        self._deps = deps

    def _unit(self) -> UnitId:
        return UnitId(self._id())

    def _id(self) -> bytes:
        return new_id(self._deps.clock, self._deps.random)

    async def _keys(self) -> AccountKeys:
        return AccountKeys(NODE, await self._deps.keys.node(ACCESS_SUBJECT), self._deps.random)


def mac(keys: AccountKeys, label: bytes, data: bytes) -> bytes:
    """The keyed hash of a secret or of what an approval is for."""
    return keys.mac(MacKind.DIGEST, label + b"\0" + data)


def seal(keys: AccountKeys, label: bytes, row: bytes, record: msgspec.Struct) -> bytes:
    """A record, bound to its row."""
    return keys.seal(Kind.TEXT, label + b"\0" + row, msgspec.msgpack.encode(record))


def open_record(keys: AccountKeys, label: bytes, row: bytes, sealed: bytes, kind: type[T]) -> T:
    """PermanentError(CORRUPT)."""
    try:
        return msgspec.msgpack.decode(keys.open(Kind.TEXT, label + b"\0" + row, sealed), type=kind)
    except UNREADABLE as exc:
        raise PermanentError(Reason.CORRUPT, f"{label.decode()} of an unknown form") from exc
