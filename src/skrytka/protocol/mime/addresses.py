"""Address lists of header fields, as mail has them: RFC 5322 3.4 with its obsolete forms, and worse."""

import re
import sys

from skrytka.protocol.mime.envelope import RawAddress

_TOKEN = re.compile(
    rb"""
      (?P<space>[ \t\r\n]+)
    | (?P<quoted>"(?:[^"\\]|\\.)*"?)
    | (?P<literal>\[[^\]]*\]?)
    | (?P<special>[<>@,:;()\\])
    | (?P<atom>[^ \t\r\n"\[<>@,:;()\\]+)
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_EDGE = re.compile(rb"[()\\]")


class _Reader:
    """Collects tokens until a comma, semicolon or the end, and makes an address of them."""

    def __init__(self) -> None:
        self.found: list[RawAddress] = []
        self.in_group = False
        self._clear()

    def _clear(self) -> None:
        self.words: list[bytes] = []  # display name, or the whole address when there is no <
        self.inner: list[bytes] | None = None  # tokens between < and >
        self.comment = b""
        self.is_spaced = False
        self.is_closed = False

    def add(self, word: bytes, *, is_spaced: bool) -> None:
        """A word of the name or of the address."""
        if self.inner is not None and not self.is_closed:
            self.inner.append(word)
        elif self.inner is None:
            if is_spaced and self.words and word != b"@" and self.words[-1] != b"@":
                self.words.append(b" ")
            self.words.append(word)

    def end(self) -> None:
        """A separator: what was collected is one address, if it is anything."""
        if self.inner is not None:
            route, mailbox, host = _split_path(self.inner)
            name = b"".join(self.words) or self.comment or None
            self.found.append(RawAddress(name, route, mailbox, host))
        elif self.words:
            _, mailbox, host = _split_path(self.words)
            self.found.append(RawAddress(self.comment or None, None, mailbox, host))
        self._clear()

    def special(self, char: bytes, *, is_spaced: bool) -> None:
        """One of the characters with a meaning."""
        if char == b"," or (char == b";" and not self.in_group):
            self.end()
        elif char == b";":
            self.end()
            self.in_group = False
            self.found.append(RawAddress(None, None, None, None))
        elif char == b":" and self.inner is None and not self.in_group:
            self.found.append(RawAddress(None, None, b"".join(self.words), None))
            self.in_group = True
            self._clear()
        elif char == b"<" and (self.inner is None or self.is_closed):
            if self.inner is not None:  # "<a@b> <c@d>": two, or the second would be shown by some and checked by nobody
                self.end()
            self.inner = []
        elif char == b">":
            self.is_closed = self.inner is not None
        else:
            self.add(char, is_spaced=is_spaced)


def _split_path(tokens: list[bytes]) -> tuple[bytes | None, bytes, bytes]:
    """Route, mailbox and host of ``@a,@b:local@host`` given as tokens."""
    route = None
    if tokens and tokens[0] == b"@" and b":" in tokens:
        colon = tokens.index(b":")
        route = b"".join(tokens[:colon])
        tokens = tokens[colon + 1 :]
    if b"@" not in tokens:
        return route, b"".join(tokens), b""
    at = len(tokens) - 1 - tokens[::-1].index(b"@")
    return route, b"".join(tokens[:at]).strip(), b"".join(tokens[at + 1 :]).strip()


def parse_addresses(value: bytes, limit: int = sys.maxsize) -> list[RawAddress]:
    """The addresses of an unfolded field value, about ``limit`` of them at most; never raises, linear."""
    reader = _Reader()
    position, is_spaced = 0, False
    while position < len(value) and len(reader.found) < limit:
        match = _TOKEN.match(value, position)
        if match is None:  # a lone byte that no token begins with
            position += 1
            continue
        position = match.end()
        kind, text = match.lastgroup, match[0]
        if kind == "space":
            is_spaced = True
            continue
        if text == b"(":
            comment, position = _comment(value, position)
            reader.comment = reader.comment or comment
            continue
        if kind == "special" and not (text == b"," and reader.inner is not None and not reader.is_closed):
            reader.special(text, is_spaced=is_spaced)
        else:
            reader.add(_unquoted(text) if kind == "quoted" else text, is_spaced=is_spaced)
        is_spaced = False
    reader.end()
    if reader.in_group:
        reader.found.append(RawAddress(None, None, None, None))
    return reader.found


def _comment(value: bytes, position: int) -> tuple[bytes, int]:
    """Text of a comment whose ``(`` stood before ``position``, and where it ends (RFC 5322 3.2.2)."""
    depth, start = 1, position
    while match := _COMMENT_EDGE.search(value, position):
        position = match.end()
        if match[0] == b"\\":
            position += 1
            continue
        depth += 1 if match[0] == b"(" else -1
        if not depth:
            return value[start : position - 1].strip(), position
    return value[start:].strip(), len(value)


def _unquoted(text: bytes) -> bytes:
    inner = text[1:-1] if len(text) > 1 and text.endswith(b'"') else text[1:]
    return re.sub(rb"\\(.)", rb"\1", inner, flags=re.DOTALL)
