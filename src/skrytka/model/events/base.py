"""What every event is: a header (kept, chained) and a personal part (erasable), the fields named in ``PERSONAL``."""

from enum import StrEnum
from typing import ClassVar, Protocol

import msgspec

from skrytka.model.ids import TraceId

RESERVED = frozenset({"v", "at", "chain", "seq", "kind", "ph", "prev"})


class EventClass(StrEnum):
    """Files are split by it, since their retention differs."""

    AUTH = "auth"
    ADMIN = "admin"
    MAIL = "mail"
    SYSTEM = "system"


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of all events; the time, process and sequence number are added by the writer."""

    CLASS: ClassVar[EventClass]
    PERSONAL: ClassVar[frozenset[str]] = frozenset()  # fields of the personal part
    ADDRESSES: ClassVar[frozenset[str]] = frozenset()  # fields (str or tuple of str) by which `trace` finds it

    trace: TraceId | None = None


class Emitter(Protocol):
    """Where events go; never blocks, never raises for a full disk (that is a fault event of its own)."""

    def emit(self, event: Event) -> None:
        """Record it; on disk within 100 ms."""
        ...
