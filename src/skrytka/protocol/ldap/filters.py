"""Filters (RFC 4511 4.5.1.7) read from their text form (RFC 4515), with a place for what somebody typed.

``{name}`` in a value stands for something that is put in after the filter was read: whatever it holds, it stays a
value, so there is nothing to escape and nothing to inject.
"""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple, TypeAlias

from skrytka.model.errors import PermanentError, Reason
from skrytka.protocol.ldap import ber

DEPTH_MAX: Final = 20
TEXT_MAX: Final = 2000
_ATTRIBUTE = re.compile(r"[A-Za-z][A-Za-z0-9-]*(?:;[A-Za-z0-9-]+)*|[0-9]+(?:\.[0-9]+)+")
_RULE = re.compile(r"([A-Za-z][A-Za-z0-9-]*):([0-9]+(?:\.[0-9]+)+):")
_PLACE = re.compile(r"\{([a-z]+)\}")
_ESCAPE = re.compile(rb"\\([0-9a-fA-F]{2})")


class Compare(NamedTuple):
    """``(attribute=value)``, ``>=``, ``<=`` or ``~=``; ``tag`` says which."""

    tag: int
    attribute: str
    value: str


class Present(NamedTuple):
    """``(attribute=*)``."""

    attribute: str


class Substrings(NamedTuple):
    """``(attribute=a*b*c)``."""

    attribute: str
    parts: tuple[str, ...]  # between the stars; the first and the last may be empty


class Extensible(NamedTuple):
    """``(attribute:rule:=value)``: a rule of comparison by its number, as Active Directory has them for bits."""

    attribute: str
    rule: str
    value: str


class Group(NamedTuple):
    """``(&...)``, ``(|...)`` or ``(!...)``."""

    tag: int
    filters: "tuple[Filter, ...]"


Filter: TypeAlias = Compare | Present | Substrings | Extensible | Group
_GROUPS: Final = {"&": 0xA0, "|": 0xA1, "!": 0xA2}
_COMPARES: Final = {">": 0xA5, "<": 0xA6, "~": 0xA8}
_EQUAL: Final = 0xA3
_SUBSTRINGS: Final = 0xA4
_PRESENT: Final = 0x87


def parse_filter(text: str) -> Filter:
    """PermanentError(BAD_SYNTAX) for anything that is no filter. Of extensible matches one form is read."""
    if len(text) > TEXT_MAX:
        raise _wrong("too long")
    found, end = _parse(text, 0, 0)
    if end != len(text):
        raise _wrong(f"something stands behind it: {text[end:]!r}")
    return found


def places(filter_: Filter) -> frozenset[str]:
    """The names that stand in braces."""
    match filter_:
        case Group(filters=filters):
            return frozenset().union(*(places(one) for one in filters))
        case Present():
            return frozenset()
        case Compare(value=value) | Extensible(value=value):
            return frozenset(_PLACE.findall(value))
        case Substrings(parts=parts):
            return frozenset(name for part in parts for name in _PLACE.findall(part))


def encode_filter(filter_: Filter, values: Mapping[str, str]) -> bytes:
    """As it goes into a search request, with ``values`` in their places."""
    match filter_:
        case Group(tag=tag, filters=filters):
            return ber.encode(tag, b"".join(encode_filter(one, values) for one in filters))
        case Present(attribute=attribute):
            return ber.encode(_PRESENT, attribute.encode())
        case Compare(tag=tag, attribute=attribute, value=value):
            return ber.sequence(ber.octets(attribute.encode()), ber.octets(_filled(value, values)), tag=tag)
        case Extensible(attribute=attribute, rule=rule, value=value):
            filled = ber.octets(_filled(value, values), 0x83)
            return ber.sequence(ber.octets(rule.encode(), 0x81), ber.octets(attribute.encode(), 0x82), filled, tag=0xA9)
        case Substrings(attribute=attribute, parts=parts):
            return ber.sequence(ber.octets(attribute.encode()), _substrings(parts, values), tag=_SUBSTRINGS)


def _substrings(parts: tuple[str, ...], values: Mapping[str, str]) -> bytes:
    last = len(parts) - 1
    found = [
        ber.octets(_filled(part, values), 0x80 if number == 0 else 0x82 if number == last else 0x81)
        for number, part in enumerate(parts)
        if part
    ]
    return ber.sequence(*found)


def _filled(value: str, values: Mapping[str, str]) -> bytes:
    """The octets of a value: escapes of the text undone first, then the places filled."""
    pieces = _PLACE.split(value)  # text, name, text, name, ..., text
    return b"".join(
        values[piece].encode()
        if number % 2
        else _ESCAPE.sub(lambda match: bytes.fromhex(match[1].decode()), piece.encode())
        for number, piece in enumerate(pieces)
    )


def _parse(text: str, start: int, depth: int) -> tuple[Filter, int]:
    if depth > DEPTH_MAX:
        raise _wrong("too deep")
    if text[start : start + 1] != "(":
        raise _wrong("a filter begins with (")
    mark = text[start + 1 : start + 2]
    if mark in _GROUPS:
        return _group(text, start + 2, mark, depth)
    end = text.find(")", start)
    if end < 0:
        raise _wrong("a filter ends with )")
    return _item(text[start + 1 : end]), end + 1


def _group(text: str, start: int, mark: str, depth: int) -> tuple[Filter, int]:
    filters: list[Filter] = []
    while text[start : start + 1] == "(":
        found, start = _parse(text, start, depth + 1)
        filters.append(found)
    if text[start : start + 1] != ")" or not filters or (mark == "!" and len(filters) != 1):
        raise _wrong(f"what stands in ({mark}...) is not right")
    return Group(_GROUPS[mark], tuple(filters)), start + 1


def _item(text: str) -> Filter:
    attribute, equals, value = text.partition("=")
    if (rule := _RULE.fullmatch(attribute)) is not None and equals:
        return Extensible(rule[1], rule[2], _checked(text, value))
    tag = _COMPARES.get(attribute[-1:], _EQUAL)
    attribute = attribute if tag == _EQUAL else attribute[:-1]
    if not equals or _ATTRIBUTE.fullmatch(attribute) is None:
        raise _wrong(f"({text}) is not right")
    _checked(text, value)
    if tag != _EQUAL or "*" not in value:
        return Compare(tag, attribute, value)
    return Present(attribute) if value == "*" else Substrings(attribute, tuple(value.split("*")))


def _checked(text: str, value: str) -> str:
    if "(" in value or "\0" in value or "\\" in re.sub(r"\\[0-9a-fA-F]{2}", "", value):
        raise _wrong(f"the value of ({text}) is not right")
    return value


def _wrong(said: str) -> PermanentError:
    return PermanentError(Reason.BAD_SYNTAX, f"LDAP filter: {said}")
