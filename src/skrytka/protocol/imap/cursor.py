"""Reading one framed command token by token (RFC 9051 9). Literals stand in the bytes as the reader framed them."""

import re

from skrytka.model.errors import RemoteProtocolError
from skrytka.protocol.imap.mailbox_name import BadNameError, canonical, parse_name, supplied_name
from skrytka.protocol.imap.sets import SequenceSet

# RFC 9051 9: ATOM-CHAR is any 7-bit character but ( ) { SP CTL % * " \ ]
_ATOM = re.compile(rb'[^(){ \x00-\x1f\x7f-\xff%*"\\\]]+')
_ASTRING = re.compile(rb'[^(){ \x00-\x1f\x7f-\xff%*"\\]+')
_LIST_MAILBOX = re.compile(rb'[^(){ \x00-\x1f\x7f-\xff"\\]+')
_TAG = re.compile(rb'[^(){ \x00-\x1f\x7f-\xff%*"\\+]+')
_QUOTED = re.compile(rb'"((?:[^\x00\r\n"\\]|\\["\\])*)"')
_ESCAPE = re.compile(rb"\\(.)")
_LITERAL = re.compile(rb"~?\{(\d{1,20})\+?\}\r\n")
_NUMBER = re.compile(rb"\d{1,20}")
_SET = re.compile(rb"[0-9*:,$]+")
_FLAG = re.compile(rb'\\?[^(){ \x00-\x1f\x7f-\xff%*"\\\]]+')
NUMBER64_MAX = 2**63 - 1
LIST_ITEMS_MAX = 1000  # of any parenthesized list


class Cursor:
    """A position in the bytes of a command. Each method takes what it names or raises RemoteProtocolError."""

    __slots__ = ("data", "is_utf8", "position")

    def __init__(self, data: bytes, *, is_utf8: bool = False) -> None:
        self.data = data
        self.position = 0
        self.is_utf8 = is_utf8  # mailbox names, after ENABLE IMAP4rev2

    def _take(self, pattern: re.Pattern[bytes], what: str) -> re.Match[bytes]:
        match = pattern.match(self.data, self.position)
        if match is None:
            raise RemoteProtocolError(f"{what} is expected")
        self.position = match.end()
        return match

    def peek(self) -> bytes:
        """The next octet, b"" at the end."""
        return self.data[self.position : self.position + 1]

    @property
    def is_at_end(self) -> bool:
        return self.position >= len(self.data)

    def skip(self, octets: bytes) -> bool:
        """Take exactly these octets if they come next."""
        if self.data.startswith(octets, self.position):
            self.position += len(octets)
            return True
        return False

    def expect(self, octets: bytes) -> None:
        """Exactly these octets."""
        if not self.skip(octets):
            raise RemoteProtocolError(f"{'a space' if octets == b' ' else repr(octets.decode())} is expected")

    def space(self) -> None:
        """RFC 9051 9: SP is exactly one space."""
        self.expect(b" ")

    def end(self) -> None:
        """The end of the command."""
        if not self.is_at_end:
            raise RemoteProtocolError("there is more than the command takes")

    def tag(self) -> str:
        return self._take(_TAG, "a tag")[0].decode("ascii")

    def atom(self) -> bytes:
        return self._take(_ATOM, "an atom")[0]

    def word(self) -> str:
        """An atom that is a keyword of the protocol, in capitals."""
        return self.atom().upper().decode("ascii")

    def skip_word(self, word: bytes) -> bool:
        """Take this keyword, in any case, if a whole atom of it comes next."""
        match = _ATOM.match(self.data, self.position)
        if match is None or match[0].upper() != word:
            return False
        self.position = match.end()
        return True

    def string(self) -> bytes:
        """Quoted or literal, without its quotes."""
        if self.peek() == b'"':
            value = self._take(_QUOTED, "a quoted string")[1]
            if self.is_utf8 and not value.isascii():
                _check_utf8(value)
            return _ESCAPE.sub(rb"\1", value) if b"\\" in value else value
        match = self._take(_LITERAL, "a string")
        end = self.position + int(match[1])
        value = self.data[self.position : end]
        if end > len(self.data):
            raise RemoteProtocolError("the literal is cut")
        if b"\0" in value:
            raise RemoteProtocolError("NUL is not allowed in a string")  # RFC 9051 4.3: only literal8 may have it
        self.position = end
        return value

    def announced_literal(self) -> int | None:
        """The size of a literal that is announced as the last thing there is; None if something else comes."""
        match = _LITERAL.match(self.data, self.position)
        return int(match[1]) if match and match.end() == len(self.data) else None

    def astring(self) -> bytes:
        if self.peek() in {b'"', b"{", b"~"} and (self.peek() != b"~" or _LITERAL.match(self.data, self.position)):
            return self.string()
        return self._take(_ASTRING, "a string")[0]

    def nstring(self) -> bytes | None:
        return None if self.skip_word(b"NIL") else self.string()

    def number(self) -> int:
        """number64."""
        value = int(self._take(_NUMBER, "a number")[0])
        if value > NUMBER64_MAX:
            raise RemoteProtocolError("the number is too large")
        return value

    def sequence_set(self) -> SequenceSet:
        return SequenceSet.parse(self._take(_SET, "a sequence set")[0])

    def flag(self) -> bytes:
        return self._take(_FLAG, "a flag")[0]

    def mailbox(self) -> str:
        return parse_name(self.astring(), is_utf8=self.is_utf8)

    def spelled_mailbox(self) -> tuple[str, str]:
        """A mailbox name, and how the client spelled it if that is not the name (RFC 9051 6.3.9.7); else ""."""
        supplied = supplied_name(self.astring(), is_utf8=self.is_utf8)
        name = canonical(supplied)
        return name, "" if supplied == name else supplied

    def reference(self) -> str | None:
        """As :meth:`list_mailbox`, before the pattern."""
        return self._pattern(self.astring())

    def list_mailbox(self) -> str | None:
        """A mailbox name with wildcards; "" is allowed. None: no mailbox has such a name, that is no error (6.3.9)."""
        return self._pattern(
            self.string() if self.peek() in {b'"', b"{"} else self._take(_LIST_MAILBOX, "a mailbox pattern")[0]
        )

    def _pattern(self, raw: bytes) -> str | None:
        try:
            return parse_name(raw, is_utf8=self.is_utf8)
        except BadNameError:
            return None

    def open_list(self) -> bool:
        """Take the opening parenthesis; True unless the list is empty (its end is taken then too)."""
        self.expect(b"(")
        return not self.skip(b")")

    def next_item(self, count: int) -> bool:
        """After item number ``count``: True if another follows, False if the list ended here."""
        if self.skip(b")"):
            return False
        if count >= LIST_ITEMS_MAX:
            raise RemoteProtocolError("the list is too long")
        self.space()
        return True


def _check_utf8(value: bytes) -> None:
    """RFC 6855 3: whoever may quote UTF-8 quotes UTF-8."""
    try:
        value.decode()
    except UnicodeDecodeError:
        raise RemoteProtocolError("the quoted string is not UTF-8") from None
