"""Does a message contain a text? Decoded, whatever the case, substring meaning (RFC 9051 6.4.4)."""

from collections.abc import Iterator

from skrytka.analysis.fold import fold, fold_query
from skrytka.protocol.mime import header
from skrytka.protocol.mime.charset import decode_text, decode_transfer, decode_words
from skrytka.protocol.mime.part import Part
from skrytka.protocol.mime.scan import scan


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


def named_fields(raw_header: bytes, name: bytes) -> bytes:
    """The fields of one name out of a header section."""
    return b"".join(raw_header[field.start : field.end] for field in header.fields(raw_header) if field.name == name)


def has_text(message: bytes, needle: str, *, with_header: bool) -> bool:
    """TEXT (``with_header``) or BODY over a whole message: text parts decoded, headers of parts and messages inside."""
    root = scan(message)
    return any(needle in fold(text) for text in _texts(message, root, with_header=with_header))


def _texts(message: bytes, part: Part, *, with_header: bool) -> Iterator[str]:
    if with_header:
        section = message[part.header_start : part.body_start]
        yield "\n".join(
            f"{field.name.decode('ascii')}: {decode_words(field.value)}" for field in header.fields(section)
        )
    if part.type == b"text":
        charset = part.parameters.get(b"charset", b"utf-8").decode("ascii", "replace")
        yield decode_text(decode_transfer(message[part.body_start : part.body_end], part.encoding), charset)
    for child in part.children:
        yield from _texts(message, child, with_header=True)
