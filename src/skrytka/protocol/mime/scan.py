"""One pass over the bytes of a message: the tree of its parts.

Any input gives a tree: what is broken is read as a mail program would at best, what exceeds the bounds below is left as
one opaque part. The time is linear: the text is searched for lines that begin with ``--`` only, and each such line is
looked up in a dict of the open boundaries.
"""

import msgspec

from skrytka.protocol.mime import header, params
from skrytka.protocol.mime.part import DEPTH_MAX, PARTS_MAX, Part

CANDIDATES_MAX = 100_000  # lines that begin with "--"; beyond, the rest belongs to the part at hand
BOUNDARY_MAX = 200  # RFC 2046 5.1.1 allows 70
HEADER_READ_BYTES = 1024 * 1024  # of one header section; fields behind it are not read (a field costs 2 µs)
HEADERS_READ_BYTES = 4 * 1024 * 1024  # of all sections of a message
_IDENTITY = frozenset({b"7bit", b"8bit", b"binary", b""})


class _Delimiter(msgspec.Struct, frozen=True):
    depth: int  # index in the stack of the multipart that it belongs to
    is_close: bool


class _Scanner:
    """State of one scan: the stack holds the open entities from the message down to the part at hand."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.stack: list[Part] = []
        self.delimiters: dict[bytes, _Delimiter] = {}
        self.lines_of: dict[int, list[bytes]] = {}  # depth -> its two delimiter lines
        self.parts = 0
        self.candidates = 0
        self.unread_bytes = HEADERS_READ_BYTES
        self.blank_line = 0  # end of the last header section found: searched once, however many parts lack one

    def run(self) -> Part:
        end = len(self.data)
        root = self._open(0, default_is_message=False)
        position = self.stack[-1].body_start
        while (found := self._next_delimiter(position)) is not None:
            line_start, line_end, delimiter = found
            body_end = _before_line_end(self.data, line_start)
            self._close_to(delimiter.depth + 1, body_end)
            multipart = self.stack[delimiter.depth]
            if delimiter.is_close:
                self._forget(delimiter.depth)  # what follows is the epilogue
                position = line_end
            elif self.parts >= PARTS_MAX:
                self._forget(delimiter.depth)
                position = line_end
            else:
                self._open(line_end, default_is_message=multipart.subtype == b"digest")
                position = self.stack[-1].body_start
        self._close_to(0, end)
        return root

    def _open(self, start: int, *, default_is_message: bool) -> Part:
        """Open the entity at ``start``, and the message inside it if it is one (and so on)."""
        first: Part | None = None
        while True:
            part = self._entity(start, default_is_message=default_is_message)
            if self.stack:
                self.stack[-1].children.append(part)
            first = first or part
            self.stack.append(part)
            self.parts += 1
            is_full = len(self.stack) >= DEPTH_MAX or self.parts >= PARTS_MAX
            if part.type == b"message" and part.subtype in {b"rfc822", b"global"} and part.encoding in _IDENTITY:
                if not is_full:
                    part.is_message = True
                    start, default_is_message = part.body_start, False
                    continue
            elif part.is_multipart and not is_full:
                self._expect(part)
            return first

    def _header_end(self, start: int) -> int:
        """As header.header_end; the search goes over each byte once, since ``start`` only grows."""
        if self.data[start : start + 1] == b"\n" or self.data[start : start + 2] == b"\r\n":
            return header.header_end(self.data, start, len(self.data))
        if self.blank_line <= start:
            self.blank_line = header.header_end(self.data, start, len(self.data))
        return self.blank_line

    def _entity(self, start: int, *, default_is_message: bool) -> Part:
        """Read the header section at ``start``; a delimiter line inside it ends it early."""
        body_start = self._header_end(start)
        if self.delimiters:
            found = self._next_delimiter(start, before=body_start)
            if found is not None:
                body_start = found[0]
        read_end = min(body_start, start + min(HEADER_READ_BYTES, self.unread_bytes))
        self.unread_bytes -= read_end - start
        values = header.first_values(self.data[start:read_end])
        part = Part(header_start=start, body_start=body_start, values=values)
        part.encoding = params.token(values.get(b"content-transfer-encoding", b"7bit")) or b"7bit"
        if disposition := values.get(b"content-disposition"):
            part.disposition = params.parse(disposition)
        _set_type(part, values.get(b"content-type"), default_is_message=default_is_message)
        return part

    def _expect(self, part: Part) -> None:
        """Look for the boundary of a multipart; without a usable one it has no parts."""
        boundary = part.parameters.get(b"boundary", b"").rstrip(b" \t")
        if not boundary or len(boundary) > BOUNDARY_MAX:
            return
        depth = len(self.stack) - 1
        lines = [b"--" + boundary, b"--" + boundary + b"--"]
        for line, is_close in zip(lines, (False, True), strict=True):
            self.delimiters.setdefault(line, _Delimiter(depth, is_close))  # the outer one wins
        self.lines_of[depth] = lines

    def _forget(self, depth: int) -> None:
        for line in self.lines_of.pop(depth, ()):
            if self.delimiters[line].depth == depth:
                del self.delimiters[line]

    def _close_to(self, depth: int, body_end: int) -> None:
        while len(self.stack) > depth:
            part = self.stack.pop()
            self._forget(len(self.stack))
            part.body_end = body_end = max(body_end, part.body_start)  # an outer one ends with or behind an inner one
            part.lines = self.data.count(b"\n", part.body_start, part.body_end)

    def _next_delimiter(self, position: int, before: int | None = None) -> tuple[int, int, _Delimiter] | None:
        """(start of line, start of next line, delimiter) of the next open delimiter line at or behind ``position``."""
        data, delimiters = self.data, self.delimiters
        end = len(data) if before is None else before
        at_line_start = position == 0 or data[position - 1 : position] == b"\n"
        start = position if at_line_start and data[position : position + 2] == b"--" else None
        while delimiters and self.candidates < CANDIDATES_MAX:
            if start is None:
                newline = data.find(b"\n--", position, end)
                if newline < 0:
                    return None
                start = newline + 1
            if start >= end:
                return None
            self.candidates += 1
            stop = data.find(b"\n", start, start + BOUNDARY_MAX + 8)
            line = data[start : stop if stop >= 0 else start + BOUNDARY_MAX + 8].rstrip(b" \t\r")
            found = delimiters.get(line)
            if found is not None:
                return start, (stop + 1 if stop >= 0 else len(data)), found
            position, start = start, None
        return None


def _set_type(part: Part, content_type: bytes | None, *, default_is_message: bool) -> None:
    """RFC 2045 5.2: text/plain when absent or broken; RFC 2046 5.1.5: message/rfc822 inside a digest."""
    if default_is_message:
        part.type, part.subtype = b"message", b"rfc822"
    if content_type is None:
        return
    parsed = params.parse(content_type)
    kind, slash, subtype = parsed.value.partition(b"/")
    kind, subtype = kind.strip(), subtype.strip()
    if slash and kind and subtype:
        part.type, part.subtype, part.parameters = kind, subtype, parsed.parameters


def _before_line_end(data: bytes, line_start: int) -> int:
    """RFC 2046 5.1.1: the line end before a delimiter belongs to the delimiter."""
    end = line_start
    if end and data[end - 1 : end] == b"\n":
        end -= 1
        if end and data[end - 1 : end] == b"\r":
            end -= 1
    return end


def scan(data: bytes) -> Part:
    """The tree of a whole message. Never raises; bounded depth, parts and time."""
    return _Scanner(data).run()
