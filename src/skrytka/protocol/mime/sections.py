"""Where the sections of IMAP lie in a message: ``1``, ``2.1``, ``2.HEADER``... as byte ranges (RFC 9051 6.4.5.1)."""

import msgspec

from skrytka.protocol.mime.part import Part


class Section(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One numbered part. Offsets count from the start of the scanned bytes.

    For a message/rfc822 part ``inner_body_start`` is where the text of the message inside begins (its header lies in
    ``[body_start, inner_body_start)``); 0 for other parts.
    """

    number: str  # "1", "2.1"; the part numbers of RFC 9051
    header_start: int
    body_start: int
    body_end: int
    inner_body_start: int
    encoding: bytes


def sections(root: Part) -> list[Section]:
    """All numbered parts in order; a message without parts has one, "1" (RFC 9051 6.4.5.1)."""
    found: list[Section] = []
    _walk(root, "", found)
    return found


def _walk(part: Part, prefix: str, found: list[Section]) -> None:
    """``prefix`` is the number of the message or multipart that ``part`` is the content of."""
    if part.is_multipart and part.children:
        for index, child in enumerate(part.children, 1):
            _add(child, f"{prefix}.{index}" if prefix else str(index), found)
    else:
        _add(part, f"{prefix}.1" if prefix else "1", found)


def _add(part: Part, number: str, found: list[Section]) -> None:
    inner = part.children[0] if part.is_message and part.children else None
    # The content of a message that is no multipart is its part 1; the MIME header of that is the message's own.
    found.append(
        Section(
            number,
            part.header_start,
            part.body_start,
            part.body_end,
            inner.body_start if inner else 0,
            part.encoding,
        )
    )
    if inner is not None:
        _walk(inner, number, found)
    elif part.is_multipart:
        for index, child in enumerate(part.children, 1):
            _add(child, f"{number}.{index}", found)
