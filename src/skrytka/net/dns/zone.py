"""A zone that answers everything by itself, for the demo, tests and ``skrytka check``; all else does not exist.

It never asks anybody else, so nothing leaves the machine. ``zone_file`` says what its file looks like.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Self

from skrytka.model.address import Domain
from skrytka.model.dns import Answer, Record, Status
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.net.dns.zone_file import SIGNED, SILENT, Types, read_zone, zone_key

TTL_S = 60
_CNAMES_MAX = 8


class StaticZone:
    """A :class:`Resolver` over a table in memory."""

    def __init__(self, records: Mapping[str, Types]) -> None:
        self._records = {zone_key(name): types for name, types in records.items()}
        self._inner = {
            ".".join(labels[start:])
            for labels in (name.split(".") for name in self._records)
            for start in range(1, len(labels))
        }

    @classmethod
    def load(cls, path: Path) -> Self:
        """PermanentError(BAD_CONFIG) names file and entry."""
        try:
            return cls.parse(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, ValueError) as exc:
            raise PermanentError(Reason.BAD_CONFIG, f"{path}: {exc}") from exc

    @classmethod
    def parse(cls, text: str) -> Self:
        """ValueError says which entry is wrong."""
        return cls(read_zone(text))

    async def query(self, name: Domain | str, rdtype: str) -> Answer:
        """As :meth:`Resolver.query`."""
        wanted = rdtype.upper()
        key = zone_key(name)
        is_authentic, canonical = True, ""
        for _ in range(_CNAMES_MAX):
            is_authentic = is_authentic and self._is_signed(key)
            types = self._types(key)
            alias = (types.get("CNAME") or ()) if types is not None else ()
            if types is None or wanted in types or not alias or not isinstance(alias[0], str):
                status, records = self._found(key, wanted)
                return Answer(status, records, is_authentic, TTL_S, canonical)
            key = canonical = alias[0]
        raise TransientError(Reason.DNS_FAILURE, "a chain of CNAMEs without end")

    def _found(self, key: str, wanted: str) -> tuple[Status, tuple[Record, ...]]:
        types = self._types(key)
        if types is None:
            return Status.NODATA if key in self._inner else Status.NXDOMAIN, ()
        records = types.get(wanted, None if SILENT in types else ())
        if records is None:
            raise TransientError(Reason.DNS_TIMEOUT, "the zone says that nobody answers")
        return Status.NOERROR if records else Status.NODATA, records

    def _types(self, key: str) -> Types | None:
        """What a name has, by itself or by a wildcard: of the nearest name above it that is there (RFC 4592 3.3.1)."""
        if key in self._records or key in self._inner:
            return self._records.get(key)
        above = key
        while above:
            above = above.partition(".")[2]
            if above in self._records or above in self._inner:
                return self._records.get(f"*.{above}")
        return None

    def _is_signed(self, key: str) -> bool:
        """As the nearest name says that says anything."""
        labels = key.split(".")
        for start in range(len(labels)):
            if said := self._records.get(".".join(labels[start:]), {}).get(SIGNED):
                return said[0] == "true"
        return False
