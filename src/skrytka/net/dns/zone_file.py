"""The file of a static zone, YAML: ``name: [{TYPE: value}, ...]``, names and types in any case.

A value is the record's text as zone files have it, but TXT has no quotes and may be a list of strings; MX also
``[10, host]``. Several values of a type are several entries, and of addresses, names and MX a list. ``*.example.org``
stands for all names below that are not there (RFC 4592). ``AD: true`` makes a name and all below it count as signed
(DNSSEC). Beyond that what the suites of SPF and ARC write is understood, so their zones can be used as they are:

- a record of the old type SPF is one of TXT, unless the name has a TXT of its own (``TXT: NONE``: none);
- ``TIMEOUT`` (or ``TIMEOUT: true``): nobody answers for the other types of the name; ``TYPE: TIMEOUT``: for this one;
- a name may have ``{TYPE: value}`` without a list;
- the names may stand below ``zonedata``, with other keys beside it, and below ``txt-records`` with a text each.
"""

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Final

import dns.exception
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from skrytka.model.address import Domain
from skrytka.model.dns import Mx, Record
from skrytka.model.errors import PermanentError
from skrytka.net.dns.wire import parse_name, record_of

SILENT: Final = "TIMEOUT"
SIGNED: Final = "AD"
_NO_TXT: Final = "NONE"
_ZONE: Final = "zonedata"
_TEXTS: Final = "txt-records"
_LISTED_KINDS: Final = frozenset({"A", "AAAA", "MX", "NS", "PTR"})
_TEXT_KINDS: Final = frozenset({"TXT", "SPF"})
_READ_BY_DNSPYTHON: Final = frozenset({"TLSA", "SRV", "CAA"})
_ADDRESSES: Final = {"A": IPv4Address, "AAAA": IPv6Address}
# By type; None: nobody answers. With the key SILENT nobody answers for types that are not named either.
Types = Mapping[str, tuple[Record, ...] | None]


def read_zone(text: str) -> dict[str, Types]:
    """By name in lower case; ValueError says which entry is wrong."""
    import yaml  # noqa: PLC0415 - few servers have such a file, and each front would hold it

    try:
        document = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - it makes texts, lists and tables only
    except (yaml.YAMLError, RecursionError) as exc:
        raise ValueError(f"not YAML: {exc}") from exc
    entries: dict[str, list[tuple[str, Any]]] = {}
    for table in _tables(document):
        for name, found in table.items():
            entries.setdefault(_named(str(name)), []).extend(_pairs(str(name), found))
    return {name: _types(name, pairs) for name, pairs in entries.items()}


def zone_key(name: Domain | str) -> str:
    """A name as it is compared: as dnspython writes it, for it may have a space. PermanentError(BAD_SYNTAX)."""
    return _host(parse_name(name).to_text())


def _named(name: str) -> str:
    try:
        return zone_key(name)
    except PermanentError:
        raise ValueError(f"{name!r} is no DNS name") from None


def _host(name: str) -> str:
    return name.lower().removesuffix(".")


def _tables(document: Any) -> Iterator[dict[Any, Any]]:
    if not isinstance(document, dict):
        raise ValueError("a zone file is a table: name, then a list of {TYPE: value}")
    sections = [document[key] for key in (_ZONE, _TEXTS) if document.get(key)]
    for section in sections if _ZONE in document or _TEXTS in document else [document]:
        if not isinstance(section, dict):
            raise ValueError("a zone is a table: name, then a list of {TYPE: value}")
        is_text = section is document.get(_TEXTS)
        yield {name: {"TXT": value} if is_text else value for name, value in section.items()}


def _pairs(name: str, found: Any) -> Iterator[tuple[str, Any]]:
    """(TYPE, value) of a name."""
    if not isinstance(found, list | dict):
        raise ValueError(f"{name}: a list of {{TYPE: value}} is wanted")
    for entry in found if isinstance(found, list) else [found]:
        if entry == SILENT:
            yield SILENT, "true"
        elif isinstance(entry, dict):
            yield from ((str(kind).upper(), value) for kind, value in entry.items())
        else:
            raise ValueError(f"{name}: each entry is {{TYPE: value}}")


def _types(name: str, pairs: list[tuple[str, Any]]) -> Types:
    has_txt = any(kind == "TXT" for kind, _ in pairs)
    types: dict[str, tuple[Record, ...] | None] = {}
    for kind, value in pairs:
        if kind == SILENT:
            if value != "false":
                types[SILENT] = None
            continue
        if kind == "TXT" and value == _NO_TXT:
            continue
        if kind == "SPF" and not has_txt:
            _add(types, "TXT", name, value)
        _add(types, kind, name, value)
    return types


def _add(types: dict[str, tuple[Record, ...] | None], kind: str, name: str, value: Any) -> None:
    before = types.get(kind, ())
    if value == SILENT or before is None:
        types[kind] = None
    else:
        types[kind] = (*before, *(_record(name, kind, each) for each in _values(kind, value)))


def _values(kind: str, value: Any) -> list[Any]:
    """One record, or a list of them."""
    if not isinstance(value, list) or kind not in _LISTED_KINDS or not value:
        return [value]
    is_one_exchange = kind == "MX" and len(value) == 2 and isinstance(value[0], str) and value[0].isdecimal()
    return [value] if is_one_exchange else value


def _record(name: str, kind: str, value: Any) -> Record:
    parts = value if isinstance(value, list) else [value]
    if not all(isinstance(part, str) for part in parts):
        raise ValueError(f"{name}: {kind} is a text or a list of texts")
    if kind in _TEXT_KINDS:
        return "".join(parts).encode()
    text = " ".join(parts)
    if kind == "MX":
        return _mx(name, text)
    if kind in _ADDRESSES:
        return _address(name, kind, text)
    if kind == SIGNED:
        return text.lower()
    if kind in _READ_BY_DNSPYTHON:
        return _structured(name, kind, text)
    return _host(text) if kind in ("CNAME", "PTR", "NS") else text


def _structured(name: str, kind: str, text: str) -> Record:
    try:
        return record_of(dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.from_text(kind), text))
    except (dns.exception.DNSException, ValueError) as exc:
        raise ValueError(f"{name}: {kind} {text!r}: {exc}") from None


def _address(name: str, kind: str, text: str) -> str:
    try:
        return str(_ADDRESSES[kind](text))
    except ValueError:
        raise ValueError(f"{name}: {kind} is an address of its kind") from None


def _mx(name: str, text: str) -> Mx:
    try:
        preference, exchange = text.split(" ", 1)
        return Mx(int(preference), _host(exchange.strip()))
    except ValueError:
        raise ValueError(f"{name}: MX is '10 host' or [10, host]") from None
