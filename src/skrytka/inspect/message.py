"""The text of a message: what SEARCH looks through, a preview, names of attachments.

Decoded from its transfer encoding and charset, tags and entities of HTML undone, encoded words read (RFC 2047), folded.
Any input gives an answer; the time is linear and everything is bounded.
"""

from collections.abc import Iterator

import msgspec

from skrytka.analysis.html import html_text, meta_charset
from skrytka.analysis.text import cut, display, folded
from skrytka.protocol.mime import header
from skrytka.protocol.mime.charset import decode_text, decode_transfer, decode_words
from skrytka.protocol.mime.part import Part

_HTML = frozenset({b"html", b"xhtml"})
_VALUE_MAX = 16 * 1024  # octets of one header field that are read


class TextLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of what is returned, in octets of UTF-8 or in characters."""

    header_bytes: int = 128 * 1024
    body_bytes: int = 1024 * 1024
    names: int = 100
    name_chars: int = 255
    preview_chars: int = 200
    subject_chars: int = 1_000


class MessageText(msgspec.Struct, frozen=True, kw_only=True):
    """Text and names for display are decoded, in one line; the search texts are folded, UTF-8, without NUL and CR."""

    subject: str
    preview: str
    attachment_names: tuple[str, ...]
    header_text: bytes  # a line "name: value" for each field of the message's own header, then of those of its parts
    body_text: bytes  # text parts, headers of messages inside, names of attachments; a line each


def message_text(data: bytes, root: Part, limits: TextLimits) -> MessageText:
    """``root`` is the scan of ``data``."""
    collector = _Collector(data, limits)
    for part in _leaves(root):
        collector.add(part)
    return MessageText(
        subject=display(decode_words(root.values.get(b"subject", b"")[:_VALUE_MAX]), limits.subject_chars),
        preview=collector.preview,
        attachment_names=tuple(collector.names),
        header_text=_header_text(data, root, limits.header_bytes),
        body_text=b"\n".join(collector.texts),
    )


class _Collector:
    """Takes parts in order until the text is full."""

    def __init__(self, data: bytes, limits: TextLimits) -> None:
        self._data = data
        self._limits = limits
        self._left_bytes = limits.body_bytes
        self.texts: list[bytes] = []
        self.names: list[str] = []
        self.preview = ""

    def add(self, part: Part) -> None:
        """A part that is no container, or the header of a message inside."""
        if part.is_message:
            inner = part.children[0]
            self._put(_header_lines(self._data[inner.header_start : inner.body_start], self._left_bytes))
            return
        if name := attachment_name(part, self._limits.name_chars):
            if len(self.names) < self._limits.names:
                self.names.append(name)
            self._put(folded(name))
        if part.type in {b"text", b"message"} and self._left_bytes > 0:
            text = self._decode(part)
            if not self.preview and part.disposition.value != b"attachment":
                self.preview = display(text, self._limits.preview_chars)
            self._put(folded(text))

    def _decode(self, part: Part) -> str:
        """At most so much of the part as the text that is wanted can need."""
        end = min(part.body_end, part.body_start + 4 * self._left_bytes)
        raw = decode_transfer(self._data[part.body_start : end], part.encoding)
        charset = part.parameters.get(b"charset", b"").decode("ascii", "replace")
        if part.subtype in _HTML:
            return html_text(decode_text(raw, charset or meta_charset(raw)))
        return decode_text(raw, charset)

    def _put(self, text: bytes) -> None:
        if text and self._left_bytes > 0:
            text = cut(text, self._left_bytes)
            self._left_bytes -= len(text) + 1
            self.texts.append(text)


def attachment_name(part: Part, chars_max: int) -> str:
    """The file name of a part as it may be shown; "" without one. Encoded words are read, as most programs do."""
    raw = part.disposition.parameters.get(b"filename") or part.parameters.get(b"name") or b""
    return display(decode_words(raw[:_VALUE_MAX]), chars_max)


def _header_text(data: bytes, root: Part, bytes_max: int) -> bytes:
    """RFC 9051 6.4.4, TEXT: the header, MIME header fields included; those of messages inside are in the body text."""
    found: list[bytes] = []
    left = bytes_max
    for part in (root, *_with_mime_header(root)):
        if left <= 0:
            break
        lines = _header_lines(data[part.header_start : part.body_start], left)
        if lines:
            found.append(lines)
            left -= len(lines) + 1
    return b"\n".join(found)


def _with_mime_header(part: Part) -> Iterator[Part]:
    """All below the part but messages inside, which have headers of their own."""
    for child in part.children:
        if not part.is_message:
            yield child
        yield from _with_mime_header(child)


def _header_lines(section: bytes, bytes_max: int) -> bytes:
    lines: list[bytes] = []
    left = bytes_max
    for field in header.fields(section[: 4 * bytes_max]):
        line = field.name + b": " + folded(decode_words(field.value[:_VALUE_MAX]))
        left -= len(line) + 1
        if left < 0:
            break
        lines.append(line)
    return b"\n".join(lines)


def _leaves(part: Part) -> Iterator[Part]:
    """Parts that are no multipart, in order; one that holds a message comes before what is inside."""
    if part.is_message or not part.children:
        yield part
    for child in part.children:
        yield from _leaves(child)
