"""Start lines and field lines, which both sides read alike: strictly CRLF, bounded, no obs-fold (RFC 9112 2.2, 5)."""

import re
from typing import Final

from skrytka.model.errors import RemoteProtocolError

SECTION_BYTES: Final = 8 * 1024  # start line and fields together: RFC 9112 3 asks for 8000 octets of a request line
FIELDS_MAX: Final = 64
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 5.6.2: token
_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")  # RFC 9110 5.5: no CR, LF, NUL or other controls

Fields = dict[str, tuple[str, ...]]  # by name in lower case, values in their order


class TooLongError(RemoteProtocolError):
    """The head is longer than anybody needs."""


class HeadReader:
    """Collects octets up to the empty line; what follows it stays in ``rest``."""

    def __init__(self, limit: int = SECTION_BYTES) -> None:
        self.rest = bytearray()
        self._limit = limit

    def take(self) -> list[bytes] | None:
        """The lines of a whole head without their ends; None: it is not whole. RemoteProtocolError: it never will be.

        Empty lines before it are passed over (RFC 9112 2.2).
        """
        while self.rest.startswith(b"\r\n"):
            del self.rest[:2]
        end = self.rest.find(b"\r\n\r\n")
        looked_at = self._limit + 4  # so that what comes octet by octet is judged as what comes whole
        head = bytes(self.rest[: min(end, looked_at) if end >= 0 else looked_at])
        if b"\n" in head.replace(b"\r\n", b"") or b"\0" in head:
            raise RemoteProtocolError("a line ends in a bare LF, or has a NUL")
        if end > self._limit or (end < 0 and len(self.rest) >= looked_at):
            raise TooLongError
        if end < 0:
            return None
        del self.rest[: end + 4]
        if b"\r" in head.replace(b"\r\n", b""):
            raise RemoteProtocolError("a bare CR")
        return head.split(b"\r\n")


def parse_fields(lines: list[bytes]) -> Fields:
    """RemoteProtocolError for whatever is no field line."""
    if len(lines) > FIELDS_MAX:
        raise RemoteProtocolError("too many fields")
    fields: Fields = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or _NAME.fullmatch(name) is None or _VALUE.fullmatch(value) is None:
            raise RemoteProtocolError("no field line")  # a blank before the colon too: RFC 9112 5.1
        key = name.decode("ascii").lower()
        fields[key] = (*fields.get(key, ()), value.strip(b" \t").decode("latin-1"))
    return fields


def members(fields: Fields, name: str) -> tuple[str, ...]:
    """The members of a field that is a list (RFC 9110 5.6.1), in lower case."""
    found = (member.strip(" \t").lower() for value in fields.get(name, ()) for member in value.split(","))
    return tuple(member for member in found if member)
