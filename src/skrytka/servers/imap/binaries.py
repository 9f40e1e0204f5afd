"""Parts without their transfer encoding, for BINARY (RFC 9051 6.4.5, RFC 3516): inspectors undo it.

A small one is decoded once and kept while its message is answered; those of messages that are opened together are one
job. A large one is never held: it is decoded piece by piece to know its length, and again for each item that wants
octets of it.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing

from skrytka.inspect.errors import PoisonedMessageError
from skrytka.inspect.inspector import Inspector
from skrytka.inspect.wire import ENCODED_MAX, ENCODED_MAX_BYTES, Encoded, Undone
from skrytka.mail.mailbox.types import Content, MessageRow, Summary
from skrytka.protocol.imap.commands.fetch import BinaryItem
from skrytka.servers.imap.sections import Span, find_part, has_parts_inside

PIECE_BYTES = 128 * 1024  # encoded octets of one job, behind a line that is left over from the last one
_KNOWN = frozenset({b"", b"7bit", b"8bit", b"binary", b"base64", b"quoted-printable"})
_ENCODED = frozenset({b"base64", b"quoted-printable"})


class UnknownEncodingError(Exception):
    """BINARY of a part that nobody can decode (RFC 3516 4.3): its encoding is unknown, or two inspectors died of it."""


class DecodedPart:
    """The decoded octets of ``span`` of a message. UnknownEncodingError, TransientError(INSPECTOR_DOWN)."""

    def __init__(
        self, content: Content, span: Span, encoding: bytes, inspector: Inspector, whole: bytes | None = None
    ) -> None:
        self._content = content
        self._span = span
        self._encoding = encoding
        self._inspector = inspector
        self._whole = whole
        self._size: int | None = None
        if whole is not None:
            self._size = len(whole)
        elif self.is_verbatim:
            self._size = span.end - span.start

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
            is_small = self._span.end - self._span.start <= PIECE_BYTES
            size, whole = 0, b""
            async with aclosing(self._undone(is_counted=not is_small)) as pieces:
                async for piece in pieces:
                    size += piece.size
                    whole = piece.octets
            self._size, self._whole = size, whole if is_small else None
        return self._size

    async def read(self, wanted: Span) -> bytes:
        """Octets of it."""
        return b"".join([piece async for piece in self.pieces(wanted)])

    async def pieces(self, wanted: Span) -> AsyncGenerator[bytes, None]:
        """As :meth:`read`, bit by bit."""
        await self.size()
        if self._whole is not None:
            yield self._whole[wanted.start : wanted.end]
        elif self.is_verbatim:
            start, end = self._span.start + wanted.start, self._span.start + wanted.end
            for at in range(start, end, PIECE_BYTES):
                yield await self._content.read(at, min(PIECE_BYTES, end - at))
        else:
            position = 0
            async with aclosing(self._undone(is_counted=False)) as pieces:
                async for piece in pieces:
                    if part := piece.octets[max(wanted.start - position, 0) : max(wanted.end - position, 0)]:
                        yield part
                    position += piece.size
                    if position >= wanted.end:
                        return

    async def _undone(self, *, is_counted: bool) -> AsyncGenerator[Undone, None]:
        start, end = self._span
        rest = b""
        for at in range(start, end, PIECE_BYTES):
            octets = rest + await self._content.read(at, min(PIECE_BYTES, end - at))
            encoded = Encoded(self._encoding, octets, is_last=at + PIECE_BYTES >= end, is_counted=is_counted)
            try:
                (piece,) = await self._inspector.undo([encoded])
            except PoisonedMessageError as exc:
                raise UnknownEncodingError from exc
            rest = piece.rest
            yield piece


class SmallParts:
    """Encoded parts of messages that are opened together, undone by one job before each is asked for."""

    def __init__(self, inspector: Inspector, rows: Sequence[MessageRow], items: Sequence[object]) -> None:
        self._inspector = inspector
        self._summaries: dict[int, Summary] = {row.uid: row.summary for row in rows if row.summary is not None}
        self._numbers = {item.part for item in items if isinstance(item, BinaryItem) and item.part}
        self._undone: dict[tuple[int, str], bytes] = {}

    async def prepare(self, wholes: Mapping[int, bytes]) -> None:
        """Of messages in memory; what does not fit, or is poisoned, is decoded when it is asked for."""
        places: list[tuple[int, str]] = []
        pieces: list[Encoded] = []
        left = ENCODED_MAX_BYTES
        for uid, number in [(uid, number) for uid in wholes for number in self._numbers]:
            part = find_part(self._summaries[uid], number) if uid in self._summaries else None
            if part is None or part.encoding not in _ENCODED or len(pieces) >= ENCODED_MAX:
                continue
            if part.body_end - part.body_start <= left:
                pieces.append(Encoded(part.encoding, wholes[uid][part.body_start : part.body_end]))
                places.append((uid, number))
                left -= part.body_end - part.body_start
        try:
            undone = await self._inspector.undo(pieces) if pieces else ()
        except PoisonedMessageError:
            undone = ()
        self._undone = dict(zip(places, [piece.octets for piece in undone], strict=False))

    def take(self, uid: int, number: str) -> bytes | None:
        """One of them; None when it was not prepared."""
        return self._undone.get((uid, number))


def decoded(
    content: Content, summary: Summary, item: BinaryItem, inspector: Inspector, whole: bytes | None = None
) -> DecodedPart | None:
    """A part, or the message as it is; None: there is no such leaf part. UnknownEncodingError.

    ``whole``: what an inspector made of it already.
    """
    if not item.part:
        return DecodedPart(content, Span(0, content.size_bytes), b"", inspector)
    part = find_part(summary, item.part)
    if part is None or has_parts_inside(summary, item.part):
        return None  # RFC 9051 6.4.5: leaf parts only
    if part.encoding not in _KNOWN:
        raise UnknownEncodingError
    return DecodedPart(content, Span(part.body_start, part.body_end), part.encoding, inspector, whole)
