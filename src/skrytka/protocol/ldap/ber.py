"""The encoding of LDAP (RFC 4511 5.1): BER with definite lengths, one octet of tag, lengths that fit the data."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from skrytka.model.errors import RemoteProtocolError

BOOLEAN: Final = 0x01
INTEGER: Final = 0x02
OCTETS: Final = 0x04
ENUMERATED: Final = 0x0A
SEQUENCE: Final = 0x30
SET: Final = 0x31
_LENGTH_OCTETS_MAX: Final = 4


class Element(NamedTuple):
    """One value with its tag."""

    tag: int
    content: bytes

    @property
    def parts(self) -> "list[Element]":
        """What a constructed element holds."""
        return list(elements(self.content))


def encode(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content


def integer(value: int, tag: int = INTEGER) -> bytes:
    """Of numbers that are not negative."""
    return encode(tag, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def boolean(*, value: bool) -> bytes:
    return encode(BOOLEAN, b"\xff" if value else b"\0")


def octets(value: bytes, tag: int = OCTETS) -> bytes:
    return encode(tag, value)


def sequence(*parts: bytes, tag: int = SEQUENCE) -> bytes:
    return encode(tag, b"".join(parts))


def head(data: bytes, start: int = 0) -> tuple[int, int] | None:
    """Where the content of the element that begins there begins and ends; None while its length has not come whole."""
    if len(data) - start < 2:
        return None
    if data[start] & 0x1F == 0x1F:
        raise RemoteProtocolError("a tag of several octets")
    first = data[start + 1]
    if first < 0x80:
        return start + 2, start + 2 + first
    count = first & 0x7F
    if not 0 < count <= _LENGTH_OCTETS_MAX:
        raise RemoteProtocolError("a length that is indefinite or too long")
    if len(data) - start < 2 + count:
        return None
    begin = start + 2 + count
    return begin, begin + int.from_bytes(data[start + 2 : begin], "big")


def elements(data: bytes) -> Iterator[Element]:
    """All elements of a content, which has nothing else."""
    start = 0
    while start < len(data):
        place = head(data, start)
        if place is None or place[1] > len(data):
            raise RemoteProtocolError("an element goes beyond what holds it")
        yield Element(data[start], data[place[0] : place[1]])
        start = place[1]


def number(element: Element) -> int:
    """An INTEGER or ENUMERATED; no number of LDAP has more than four octets."""
    if element.tag not in (INTEGER, ENUMERATED) or not 0 < len(element.content) <= 5:
        raise RemoteProtocolError("no number")
    return int.from_bytes(element.content, "big", signed=True)


def text(element: Element) -> str:
    try:
        return element.content.decode()
    except UnicodeDecodeError:
        raise RemoteProtocolError("a text that is no UTF-8") from None
