"""Messages of LDAP (RFC 4511 4.1.1): what we ask as octets, what comes back as types."""

from collections.abc import Mapping
from typing import Final, TypeAlias

import msgspec

from skrytka.model.errors import RemoteProtocolError
from skrytka.model.secret import Secret
from skrytka.protocol.ldap import ber
from skrytka.protocol.ldap.ber import Element
from skrytka.protocol.ldap.filters import Filter, encode_filter

START_TLS: Final = b"1.3.6.1.4.1.1466.20037"  # RFC 4511 4.14.1
PAGED: Final = b"1.2.840.113556.1.4.319"  # RFC 2696 2
SUCCESS: Final = 0
REFERRAL: Final = 10
NO_SUCH_OBJECT: Final = 32
NO_ATTRIBUTES: Final = ("1.1",)  # RFC 4511 4.5.1.8
# What a bind is answered with that is refused for who asks, not for the server's state (RFC 4511 A.1): besides
# invalidCredentials a broken rule or a lock (19, 53), an entry that is gone or has no password (32, 48), no right (50)
NOT_LET_IN: Final = frozenset({19, 32, 34, 48, 49, 50, 53})

Attributes: TypeAlias = Mapping[str, tuple[bytes, ...]]


class Result(msgspec.Struct, frozen=True):
    """How an operation ended (RFC 4511 4.1.9)."""

    number: int  # of the message
    code: int
    said: str = ""
    cookie: bytes = b""  # of a page; empty: it was the last


class Entry(msgspec.Struct, frozen=True):
    """Something that was found; names of attributes in lower case."""

    number: int
    dn: str
    attributes: Attributes

    def first(self, name: str) -> str:
        """The first value as text; "" when there is none or it is no text."""
        for value in self.attributes.get(name.lower(), ()):
            try:
                return value.decode()
            except UnicodeDecodeError:
                return ""
        return ""

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(value.decode("utf-8", "replace") for value in self.attributes.get(name.lower(), ()))


class Elsewhere(msgspec.Struct, frozen=True):
    """A reference to another server, which nobody follows (RFC 4511 4.5.3)."""

    number: int


Message: TypeAlias = Result | Entry | Elsewhere


def bind(number: int, dn: str, password: Secret) -> bytes:
    """A simple bind. An empty password would be an anonymous one that always succeeds (RFC 4513 5.1.2)."""
    if not len(password):
        raise ValueError("an empty password proves nothing")
    return _message(
        number, ber.sequence(ber.integer(3), ber.octets(dn.encode()), ber.octets(password.reveal(), 0x80), tag=0x60)
    )


def start_tls(number: int) -> bytes:
    return _message(number, ber.sequence(ber.octets(START_TLS, 0x80), tag=0x77))


def unbind(number: int) -> bytes:
    return _message(number, ber.encode(0x42, b""))


class Asked(msgspec.Struct, frozen=True):
    """A search of the whole subtree below ``base``, or of that entry alone, that follows no alias."""

    base: str
    filter: Filter
    values: Mapping[str, str]  # for the places of the filter
    attributes: tuple[str, ...]
    seconds: int
    is_base: bool = False


def search(number: int, asked: Asked, page_size: int, cookie: bytes) -> bytes:
    """One page of it; ``cookie`` is that of the page before (RFC 2696 3)."""
    body = ber.sequence(
        ber.octets(asked.base.encode()),
        ber.integer(0 if asked.is_base else 2, ber.ENUMERATED),  # baseObject, wholeSubtree
        ber.integer(0, ber.ENUMERATED),  # neverDerefAliases
        ber.integer(0),  # RFC 4511 4.5.1.4: no limit of size, the pages are one
        ber.integer(asked.seconds),
        ber.boolean(value=False),
        encode_filter(asked.filter, asked.values),
        ber.sequence(*(ber.octets(name.encode()) for name in asked.attributes)),
        tag=0x63,
    )
    return _message(number, body, _paged(page_size, cookie))


def parse_message(element: Element) -> Message:
    """RemoteProtocolError for what is none of the answers to what we ask."""
    if element.tag != ber.SEQUENCE:
        raise RemoteProtocolError("no message")
    parts = element.parts
    if len(parts) < 2:
        raise RemoteProtocolError("a message without content")
    number, operation = ber.number(parts[0]), parts[1]
    match operation.tag:
        case 0x64:
            return _entry(number, operation.parts)
        case 0x73:
            return Elsewhere(number)
        case 0x61 | 0x65 | 0x78:
            return _result(number, operation.parts, parts[2:])
        case _:
            raise RemoteProtocolError(f"an operation {operation.tag:#x}")


def _message(number: int, operation: bytes, controls: bytes = b"") -> bytes:
    return ber.sequence(ber.integer(number), operation, ber.encode(0xA0, controls) if controls else b"")


def _paged(size: int, cookie: bytes) -> bytes:
    """Critical: a server that cannot page has to say so."""
    value = ber.sequence(ber.integer(size), ber.octets(cookie))
    return ber.sequence(ber.octets(PAGED), ber.boolean(value=True), ber.octets(value))


def _entry(number: int, parts: list[Element]) -> Entry:
    if len(parts) != 2:
        raise RemoteProtocolError("an entry has a name and attributes")
    attributes: dict[str, tuple[bytes, ...]] = {}
    for attribute in parts[1].parts:
        pair = attribute.parts
        if len(pair) != 2 or pair[1].tag != ber.SET:
            raise RemoteProtocolError("an attribute has a name and values")
        attributes[ber.text(pair[0]).lower()] = tuple(value.content for value in pair[1].parts)
    return Entry(number, ber.text(parts[0]), attributes)


def _result(number: int, parts: list[Element], rest: list[Element]) -> Result:
    if len(parts) < 3:
        raise RemoteProtocolError("a result has a code, a name and a text")
    return Result(number, ber.number(parts[0]), parts[2].content.decode("utf-8", "replace"), _cookie(rest))


def _cookie(rest: list[Element]) -> bytes:
    for controls in rest:
        for control in controls.parts if controls.tag == 0xA0 else []:
            fields = control.parts
            if fields and fields[0].content == PAGED and fields[-1].tag == ber.OCTETS and len(fields) > 1:
                value = list(ber.elements(fields[-1].content))
                if len(value) == 1 and len(value[0].parts) == 2:
                    return value[0].parts[1].content
    return b""
