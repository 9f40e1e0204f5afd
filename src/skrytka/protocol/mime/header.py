"""Header sections: where they end, and their fields (RFC 5322 2.2, RFC 2045 5)."""

import re
from collections.abc import Iterator

import msgspec

# One field with its folded lines; what is no field is passed over. No alternation can match the same byte twice, so
# the time is linear in the section.
_FIELD = re.compile(rb"^([!-9;-~]+)[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)", re.MULTILINE)
_FOLD = re.compile(rb"\r?\n(?=[ \t])")
_TO_BLANKS = bytes.maketrans(b"\r\n\0", b"   ")
_BLANK_LINE = re.compile(rb"\n\r?\n")


class Field(msgspec.Struct, frozen=True):
    """One header field.

    ``raw`` is the value as it stood, folds and all; ``start`` and ``end`` are offsets in the section with the line end.
    """

    name: bytes  # lower case
    raw: bytes
    start: int
    end: int

    @property
    def value(self) -> bytes:
        """Unfolded (RFC 5322 2.2.3) and stripped."""
        return unfold(self.raw)


def unfold(raw: bytes) -> bytes:
    """The value on one line: CRLF before white space goes, and what is left of CR, LF and NUL becomes a space."""
    if b"\n" in raw:
        raw = _FOLD.sub(b"", raw)
    return raw.translate(_TO_BLANKS).strip()


def header_end(data: bytes, start: int, end: int) -> int:
    """Offset behind the blank line that ends the header section beginning at ``start``; ``end`` if there is none."""
    if data[start : start + 1] == b"\n":
        return min(start + 1, end)
    if data[start : start + 2] == b"\r\n":
        return min(start + 2, end)
    match = _BLANK_LINE.search(data, start, end)
    return match.end() if match else end


def fields(section: bytes) -> Iterator[Field]:
    """The fields of a header section in order; what is no field is passed over."""
    for match in _FIELD.finditer(section):
        end = match.end()
        if section[end : end + 1] == b"\n":
            end += 1
        yield Field(match[1].lower(), match[2], match.start(), end)


def first_values(section: bytes) -> dict[bytes, bytes]:
    """Name in lower case -> unfolded value of its first field."""
    values: dict[bytes, bytes] = {}
    for field in fields(section):
        if field.name not in values:
            values[field.name] = field.value
    return values


def select_fields(section: bytes, names: frozenset[bytes], *, is_negated: bool = False) -> bytes:
    """The named fields, or all others, as they stand (RFC 9051 6.4.5.1, HEADER.FIELDS[.NOT]).

    Then the blank line, except of a message that has none and ends there.
    """
    has_blank = section.endswith((b"\n\r\n", b"\n\n")) or section in {b"\r\n", b"\n"}
    chosen = (section[field.start : field.end] for field in fields(section) if (field.name in names) is not is_negated)
    return b"".join(chosen) + (b"\r\n" if has_blank else b"")
