"""Does a header field contain a text? Decoded, whatever the case, substring meaning (RFC 9051 6.4.4)."""

from collections.abc import Iterator

from skrytka.analysis.fold import fold, fold_query
from skrytka.mail.mailbox.types import Depth, MessageRow, Rendering
from skrytka.protocol.mime import header
from skrytka.protocol.mime.charset import decode_words


def folded(text: str) -> str:
    """What is sought, as it is compared."""
    return fold_query(text)


def field_values(raw_fields: bytes) -> Iterator[str]:
    """The values of whole header fields as they stand in a summary or a header section."""
    for field in header.fields(raw_fields):
        yield decode_words(field.value)


def has_field(raw_fields: bytes, needle: str) -> bool:
    """Whether a value of these fields contains the folded needle; an empty one asks for any field at all."""
    return any(needle in fold(value) for value in field_values(raw_fields))


VALUE_START = b"\0"  # no needle has it


def values_of(name: bytes) -> Rendering:
    """The folded values of a field that summaries have, each behind :data:`VALUE_START`."""

    def make(row: MessageRow) -> bytes:
        raw_fields = row.summary.fields.get(name, b"") if row.summary is not None else b""
        found = ["\0" + fold(value).replace("\0", "") for value in field_values(raw_fields)]
        return "".join(found).encode("utf-8", "replace")

    return Rendering(key=b"values " + name, depth=Depth.ALL, make=make)


def named_fields(raw_header: bytes, name: bytes) -> bytes:
    """The fields of one name out of a header section."""
    return b"".join(raw_header[field.start : field.end] for field in header.fields(raw_header) if field.name == name)
