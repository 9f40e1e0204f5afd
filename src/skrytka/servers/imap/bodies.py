"""The items of a FETCH that are octets of the message: BODY[...] and BINARY[...] (RFC 9051 6.4.5, 7.5.2)."""

from contextlib import aclosing

from skrytka.mail.mailbox.types import Content, MessageRow, Summary
from skrytka.model.engine import DisconnectedError
from skrytka.model.errors import ReasonedError
from skrytka.protocol.imap import format as fmt
from skrytka.protocol.imap.commands.fetch import BinaryItem, BodyItem
from skrytka.servers.imap import binaries, sections
from skrytka.servers.imap.binaries import DecodedPart, SmallParts
from skrytka.servers.imap.contents import open_content
from skrytka.servers.imap.state import ImapSession

WHOLE_BYTES = 256 * 1024  # up to here an item is read before its first octet is sent, beyond it is streamed
WAITING_BYTES = 2 * WHOLE_BYTES  # of items that are not sent yet: one message may be asked for in a thousand items
ITEM_COST_BYTES = 8 * 1024  # an item takes as long as reading so much


class BodyWriter:
    """Writes the items of one message behind what ``out`` has already; opens the content when the first item needs it.

    An error before an item's first octet leaves the response whole without that item. An error inside a stream cuts the
    connection: the literal's length has been promised, and wrong octets would be kept by the client for ever. The next
    time that message is read to its end first, so a client that comes back gets all the others.
    """

    def __init__(
        self,
        session: ImapSession,
        row: MessageRow,
        out: list[bytes],
        *,
        content: Content | None = None,
        undone: SmallParts | None = None,
        is_first: bool,
    ) -> None:
        self._session = session
        self._row = row
        self._out = out
        self._content: Content | None = content
        self._undone = undone
        self.is_first = is_first
        self.has_unknown_encoding = False
        self.octets = 0
        """How much was written, streamed or not."""
        self._sent = 0  # of them
        self._decoded: tuple[str, DecodedPart | None] | None = None  # the part that a BINARY item asked for last
        self._work = 0  # octets looked at since others had their turn

    def close(self) -> None:
        if self._content is not None:
            self._content.close()
            self._content = None

    async def _opened(self) -> Content:
        if self._content is None:
            self._content = await open_content(self._session, self._row.uid)
        return self._content

    def _put(self, label: bytes, value: bytes) -> None:
        self._out.append((b"" if self.is_first else b" ") + label + b" " + value)
        self.octets += len(value)
        self.is_first = False

    async def item(self, item: BodyItem | BinaryItem) -> None:
        """Add one item. ReasonedError when its octets cannot be had."""
        label = item.label if item.partial is None else b"%b<%d>" % (item.label, item.partial[0])
        if isinstance(item, BinaryItem):
            try:
                await self._binary(item, label)
            except binaries.UnknownEncodingError:
                self.has_unknown_encoding = True
        else:
            await self._body(item, label)
        self._work += ITEM_COST_BYTES
        if self.octets - self._sent >= WAITING_BYTES:
            await self._send()
        elif self._work >= WHOLE_BYTES:  # small answers may have taken much reading
            self._work = 0
            await self._session.breathe()

    async def _send(self) -> None:
        """What is whole so far; a client that does not read holds this up, never our memory."""
        await self._session.write(b"".join(self._out))
        self._out.clear()
        self._sent = self.octets
        await self._session.breathe()

    @property
    def _summary(self) -> Summary:
        if self._row.summary is None:
            raise AssertionError("the plan asks for the summaries that it needs")
        return self._row.summary

    async def _body(self, item: BodyItem, label: bytes) -> None:
        if item.section == sections.WHOLE:
            await self._span(label, sections.partly(sections.Span(0, self._row.size_bytes), item.partial))
            return
        found = sections.fields_at_hand(self._summary, item.section)
        if found is not None:
            self._put(label, fmt.literal(_cut(found, item.partial)))
            return
        span = sections.locate(self._summary, item.section, self._row.size_bytes)
        if span is None:
            self._put(label, fmt.NIL)
        elif sections.is_filtered(item.section):
            found = await sections.filtered(await self._opened(), span, item.section)
            self._put(label, fmt.literal(_cut(found, item.partial)))
            self._work += span.end - span.start
        else:
            await self._span(label, sections.partly(span, item.partial))

    async def _span(self, label: bytes, span: sections.Span) -> None:
        content = await self._opened()
        length = span.end - span.start
        if length <= WHOLE_BYTES:
            self._put(label, fmt.literal(await content.read(span.start, length)))
            return
        if self._session.is_damaged(self._row.uid):
            await self._read_through(content, span)
        first = await content.read(span.start, WHOLE_BYTES)  # most of what can fail fails here
        self._put(label, b"{%d}\r\n" % length)
        self._out.append(fmt.without_nul(first))
        await self._stream(content, span.start + WHOLE_BYTES, span.end)

    async def _read_through(self, content: Content, span: sections.Span) -> None:
        for start in range(span.start, span.end, WHOLE_BYTES):
            await content.read(start, min(WHOLE_BYTES, span.end - start))
            await self._session.breathe()

    async def _stream(self, content: Content, start: int, end: int) -> None:
        session = self._session
        while True:
            await session.write(b"".join(self._out))
            self._out.clear()
            if start >= end:
                return
            await session.breathe()
            try:
                piece = await content.read(start, min(WHOLE_BYTES, end - start))
            except ReasonedError:
                piece = b""
            if not piece:
                session.conn.abort("error")
                raise DisconnectedError
            self._out.append(fmt.without_nul(piece))
            start += len(piece)

    async def _binary(self, item: BinaryItem, label: bytes) -> None:
        if self._decoded is None or self._decoded[0] != item.part:  # once, in however many pieces it is asked for
            whole = self._undone.take(self._row.uid, item.part) if self._undone is not None else None
            found = binaries.decoded(await self._opened(), self._summary, item, self._session.deps.inspector, whole)
            self._decoded = item.part, found
        found = self._decoded[1]
        if found is None:
            self._put(label, b"0" if item.is_size else fmt.NIL)
        elif item.is_size:
            self._put(label, b"%d" % await found.size())
        else:
            await self._decoded_octets(label, found, item.partial)

    async def _decoded_octets(self, label: bytes, part: DecodedPart, partial: tuple[int, int] | None) -> None:
        span = sections.partly(sections.Span(0, await part.size()), partial)
        if span.end - span.start <= WHOLE_BYTES:
            value = await part.read(span)
            self._put(label, fmt.literal8(value) if b"\0" in value else fmt.literal(value))
            return
        if part.is_verbatim and self._session.is_damaged(self._row.uid):
            await self._read_through(await self._opened(), part.span)
        self._put(label, b"~{%d}\r\n" % (span.end - span.start))
        await self._stream_decoded(part, span)

    async def _stream_decoded(self, part: DecodedPart, span: sections.Span) -> None:
        """As :meth:`_stream`; a large part is sent as literal8, whether it has NUL or not."""
        session, left = self._session, span.end - span.start
        async with aclosing(part.pieces(span)) as pieces:
            while True:
                await session.write(b"".join(self._out))
                self._out.clear()
                if not left:
                    return
                await session.breathe()
                try:
                    piece = await anext(pieces, b"")
                except (ReasonedError, binaries.UnknownEncodingError):
                    piece = b""
                if not piece:
                    session.conn.abort("error")
                    raise DisconnectedError
                self._out.append(piece)
                left -= len(piece)


def _cut(value: bytes, partial: tuple[int, int] | None) -> bytes:
    return value if partial is None else value[partial[0] : partial[0] + partial[1]]
