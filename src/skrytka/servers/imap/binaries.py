"""Parts without their transfer encoding, for BINARY (RFC 9051 6.4.5, RFC 3516).

A small one is decoded once and kept while its message is answered. A large one is never held: it is decoded to know its
length, and again for each item that wants octets of it.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from skrytka.mail.mailbox.types import Content, Summary
from skrytka.protocol.imap.commands.fetch import BinaryItem
from skrytka.protocol.mime.transfer import TransferDecoder, decoder
from skrytka.servers.imap.sections import Span, find_part, has_parts_inside

PIECE_BYTES = 256 * 1024  # encoded octets that are decoded at once: a millisecond
PADDINGS_INLINE = 1_000  # of base64 in a piece; hostile ones end a run with each octet, and go into a thread
_KNOWN = frozenset({b"", b"7bit", b"8bit", b"binary", b"base64", b"quoted-printable"})
_ENCODED = frozenset({b"base64", b"quoted-printable"})


class UnknownEncodingError(Exception):
    """BINARY of a part that nobody can decode (RFC 3516 4.3)."""


class DecodedPart:
    """The decoded octets of ``span`` of a message."""

    def __init__(self, content: Content, span: Span, encoding: bytes) -> None:
        self._content = content
        self._span = span
        self._encoding = encoding
        self._size: int | None = None if encoding in _ENCODED else span.end - span.start
        self._whole: bytes | None = None

    @property
    def is_verbatim(self) -> bool:
        """Whether nothing has to be decoded, so that :meth:`size` reads nothing."""
        return self._encoding not in _ENCODED

    @property
    def span(self) -> Span:
        """Where it is, encoded."""
        return self._span

    async def size(self) -> int:
        """Octets; the first time all of an encoded part is read, so that damage shows here. PermanentError(CORRUPT)."""
        if self._size is None:
            self._size = 0
            async with aclosing(self._pieces()) as pieces:
                async for piece in pieces:
                    self._size += len(piece)
        return self._size

    async def read(self, wanted: Span) -> bytes:
        """Octets of it; the whole of a small part is kept for the next question."""
        if self._whole is None and self._span.end - self._span.start <= PIECE_BYTES:
            self._whole = b"".join([piece async for piece in self.pieces(Span(0, await self.size()))])
        if self._whole is not None:
            return self._whole[wanted.start : wanted.end]
        return b"".join([piece async for piece in self.pieces(wanted)])

    async def pieces(self, wanted: Span) -> AsyncGenerator[bytes, None]:
        """As :meth:`read`, bit by bit; others get their turn between two."""
        skipped = wanted.start if self.is_verbatim else 0
        position = skipped
        async with aclosing(self._pieces(skipped)) as pieces:
            async for piece in pieces:
                low, high = max(wanted.start - position, 0), wanted.end - position
                position += len(piece)
                if part := piece[low:high]:
                    yield part
                if position >= wanted.end:
                    return

    async def _pieces(self, skip: int = 0) -> AsyncGenerator[bytes, None]:
        undo = decoder(self._encoding)
        for at in range(self._span.start + skip, self._span.end, PIECE_BYTES):
            data = await self._content.read(at, min(PIECE_BYTES, self._span.end - at))
            yield await _fed(undo, data)
            await asyncio.sleep(0)
        yield undo.finish()


async def _fed(undo: TransferDecoder, data: bytes) -> bytes:
    if data.count(b"=") > PADDINGS_INLINE:
        return await asyncio.to_thread(undo.feed, data)
    return undo.feed(data)


def decoded(content: Content, summary: Summary, item: BinaryItem) -> DecodedPart | None:
    """A part, or the message as it is; None: there is no such leaf part. UnknownEncodingError."""
    if not item.part:
        return DecodedPart(content, Span(0, content.size_bytes), b"")
    part = find_part(summary, item.part)
    if part is None or has_parts_inside(summary, item.part):
        return None  # RFC 9051 6.4.5: leaf parts only
    if part.encoding not in _KNOWN:
        raise UnknownEncodingError
    return DecodedPart(content, Span(part.body_start, part.body_end), part.encoding)
