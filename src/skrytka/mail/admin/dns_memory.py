"""What is remembered of domains' DNS from one look to the next, and of what was published."""

from typing import Protocol

import msgspec


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """One domain at its last look; ``faults`` are records by type, name and value, with what was wrong of them."""

    looked_at_ms: int
    faults: dict[str, str] = {}
    unknown: int = 0  # that nobody answered for


class Published(msgspec.Struct, frozen=True):
    """A line of a zone file that we put there, for this domain."""

    domain: str
    line: str


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """All of it; what is lost is found out again, but for what was published: that is then nobody's any more."""

    domains: dict[str, Standing] = {}
    published: tuple[Published, ...] = ()
    is_silent: bool = False  # DNS answered nothing at the last look


class MemoryKeeper(Protocol):
    """Where it lies."""

    def load(self) -> Memory: ...

    def save(self, memory: Memory) -> None:
        """On disk when this returns; OSError."""
        ...
