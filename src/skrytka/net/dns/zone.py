"""A zone file that answers everything by itself: the demo and tests. What it does not name does not exist.

YAML: ``name: [{TYPE: value}, ...]``. A value is the record's text as zone files have it, but TXT has no quotes and may
be a list of strings; MX also ``[10, host]``. Several values of a type are several entries.
``AD: true`` makes a name and all below it count as signed (DNSSEC). It never asks anybody else, so nothing leaves the
machine.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

import dns.exception
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import yaml

from skrytka.model.address import Domain
from skrytka.model.dns import Answer, Mx, Record, Status
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.net.dns.wire import parse_name, record_of

TTL_S = 60
_CNAMES_MAX = 8
_READ_BY_DNSPYTHON: Final = frozenset({"TLSA", "SRV", "CAA"})


class StaticZone:
    """A :class:`Resolver` over a table in memory."""

    def __init__(self, records: Mapping[str, Mapping[str, tuple[Record, ...]]]) -> None:
        self._records = {_key(name): types for name, types in records.items()}
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
        try:
            document = yaml.safe_load(text)
        except yaml.YAMLError as exc:
            raise ValueError(f"not YAML: {exc}") from exc
        if not isinstance(document, dict):
            raise ValueError("a zone file is a table: name, then a list of {TYPE: value}")
        return cls({str(name): _types(str(name), entries) for name, entries in document.items()})

    async def query(self, name: Domain | str, rdtype: str) -> Answer:
        """As :meth:`Resolver.query`."""
        wanted = rdtype.upper()
        key = _key(parse_name(name).to_text())
        is_authentic, canonical = True, ""
        for _ in range(_CNAMES_MAX):
            is_authentic = is_authentic and self._is_signed(key)
            types = self._records.get(key)
            alias = types.get("CNAME", ()) if types is not None else ()
            if types is None or wanted in types or not alias or not isinstance(alias[0], str):
                status, records = self._found(key, wanted)
                return Answer(status, records, is_authentic, TTL_S, canonical)
            key = canonical = alias[0]
        raise TransientError(Reason.DNS_FAILURE, "a chain of CNAMEs without end")

    def _found(self, key: str, wanted: str) -> tuple[Status, tuple[Record, ...]]:
        types = self._records.get(key)
        if types is None:
            return Status.NODATA if key in self._inner else Status.NXDOMAIN, ()
        return (Status.NOERROR, types[wanted]) if wanted in types else (Status.NODATA, ())

    def _is_signed(self, key: str) -> bool:
        """As the nearest name says that says anything."""
        labels = key.split(".")
        for start in range(len(labels)):
            if said := self._records.get(".".join(labels[start:]), {}).get("AD"):
                return said[0] == "true"
        return False


def _key(name: str) -> str:
    return name.lower().removesuffix(".")


def _types(name: str, entries: object) -> dict[str, tuple[Record, ...]]:
    types: dict[str, tuple[Record, ...]] = {}
    if not isinstance(entries, list):
        raise ValueError(f"{name}: a list of {{TYPE: value}} is wanted")
    for entry in entries:
        if not isinstance(entry, dict):
            raise ValueError(f"{name}: each entry is {{TYPE: value}}")
        for rdtype, value in entry.items():
            kind = str(rdtype).upper()
            types[kind] = (*types.get(kind, ()), _record(name, kind, value))
    return types


def _record(name: str, kind: str, value: object) -> Record:
    if kind in ("TXT", "SPF"):
        parts = value if isinstance(value, list) else [value]
        return "".join(map(str, parts)).encode()
    if kind == "MX":
        return _mx(name, value)
    if kind in ("CNAME", "PTR", "NS"):
        return _key(str(value))
    if kind == "AD":
        return str(value).lower()
    return _structured(name, kind, str(value)) if kind in _READ_BY_DNSPYTHON else str(value)


def _structured(name: str, kind: str, text: str) -> Record:
    try:
        return record_of(dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.from_text(kind), text))
    except (dns.exception.DNSException, ValueError) as exc:
        raise ValueError(f"{name}: {kind} {text!r}: {exc}") from None


def _mx(name: str, value: object) -> Mx:
    parts = value if isinstance(value, list) else str(value).split()
    try:
        preference, exchange = parts
        return Mx(int(preference), _key(str(exchange)))
    except ValueError:
        raise ValueError(f"{name}: MX is '10 host' or [10, host]") from None
