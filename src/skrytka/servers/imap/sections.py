"""Which octets of a message a FETCH of a section means (RFC 9051 6.4.5.1)."""

import asyncio
from functools import partial
from typing import NamedTuple

from skrytka.mail.mailbox.types import SUMMARY_FIELDS, Content, Summary
from skrytka.protocol.imap.commands.fetch import Section, Text
from skrytka.protocol.mime.header import select_fields
from skrytka.protocol.mime.sections import Section as Part

HEADER_INLINE_BYTES = 32 * 1024  # beyond it, taking a header apart may take over a millisecond
INLINE_BYTES = 256 * 1024  # read at once

WHOLE = Section()


class Span(NamedTuple):
    """Octets ``start`` to ``end`` of the message."""

    start: int
    end: int


def find_part(summary: Summary, number: str) -> Part | None:
    return next((part for part in summary.parts if part.number == number), None)


def has_parts_inside(summary: Summary, number: str) -> bool:
    """Whether the part is no leaf."""
    return any(part.number.startswith(number + ".") for part in summary.parts)


def fields_at_hand(summary: Summary, section: Section) -> bytes | None:
    """HEADER.FIELDS of the message itself out of the summary; None if the summary does not have them all."""
    if section.part or section.text is not Text.FIELDS or not section.names <= SUMMARY_FIELDS:
        return None
    return b"".join(raw for name, raw in summary.fields.items() if name in section.names) + b"\r\n"


def locate(summary: Summary, section: Section, size_bytes: int) -> Span | None:
    """The octets, for HEADER.FIELDS those of the whole header; None: there is no such section."""
    if section.part:
        return _locate_part(summary, section)
    match section.text:
        case Text.ALL:
            return Span(0, size_bytes)
        case Text.TEXT:
            return Span(summary.header_bytes, size_bytes)
        case Text.HEADER | Text.FIELDS | Text.FIELDS_NOT:
            return Span(0, summary.header_bytes)
        case Text.MIME:
            return None


def _locate_part(summary: Summary, section: Section) -> Span | None:
    part = find_part(summary, section.part)
    if part is None:
        return None
    if section.text is Text.ALL:
        return Span(part.body_start, part.body_end)
    if section.text is Text.MIME:
        return Span(part.header_start, part.body_start)
    if not part.inner_body_start:
        return None  # HEADER and TEXT are of messages inside only
    if section.text is Text.TEXT:
        return Span(part.inner_body_start, part.body_end)
    return Span(part.body_start, part.inner_body_start)


def partly(span: Span, partial: tuple[int, int] | None) -> Span:
    """RFC 9051 6.4.5: what lies beyond the end is cut off."""
    if partial is None:
        return span
    start = min(span.start + partial[0], span.end)
    return Span(start, min(start + partial[1], span.end))


def is_filtered(section: Section) -> bool:
    """Whether the octets of :func:`locate` still have to go through :func:`filtered`."""
    return section.text in {Text.FIELDS, Text.FIELDS_NOT}


async def filtered(content: Content, span: Span, section: Section) -> bytes:
    """The named fields of a header, or all others; a long one is looked through in a thread."""
    header = await _read(content, span.start, span.end)
    select = partial(select_fields, header, section.names, is_negated=section.text is Text.FIELDS_NOT)
    return select() if len(header) <= HEADER_INLINE_BYTES else await asyncio.to_thread(select)


async def _read(content: Content, start: int, end: int) -> bytes:
    """In pieces, between which others get their turn."""
    if end - start <= INLINE_BYTES:
        return await content.read(start, end - start)
    pieces = bytearray()
    for at in range(start, end, INLINE_BYTES):
        pieces += await content.read(at, min(INLINE_BYTES, end - at))
        await asyncio.sleep(0)
    return bytes(pieces)
