"""Responses as bytes (RFC 9051 7 and 9)."""

import re
from collections.abc import Iterable, Sequence

from skrytka.model.ids import EmailId, ThreadId, id_text
from skrytka.protocol.imap.mailbox_name import wire_name
from skrytka.protocol.mime.imap_text import string

_ASTRING = re.compile(rb'[^(){ \x00-\x1f\x7f-\xff%*"\\]+\Z')
_QUOTABLE = re.compile(rb"[^\x00\r\n]*\Z")
_ESCAPED = re.compile(rb'(["\\])')
SYSTEM_FLAGS = (b"\\Seen", b"\\Answered", b"\\Flagged", b"\\Deleted", b"\\Draft")  # bits 0 to 4
RECENT_BIT = 1 << 5  # RFC 3501 2.3.2: of one session, in no row
KEYWORD_BIT = 8
NIL = b"NIL"


def astring(value: bytes) -> bytes:
    """As an atom where that is possible, else quoted, else a literal."""
    if _ASTRING.match(value) and value.upper() != NIL:
        return value
    return string(value)


def quoted(value: bytes) -> bytes:
    """In quotes, 8-bit as it is: for UTF-8 after ENABLE IMAP4rev2 (RFC 9051 9, QUOTED-CHAR)."""
    if not _QUOTABLE.match(value):
        raise ValueError("NUL, CR and LF cannot be quoted")
    return b'"' + _ESCAPED.sub(rb"\\\1", value) + b'"'


def mailbox(name: str, *, is_utf8: bool) -> bytes:
    """A mailbox name: ``INBOX`` or quoted."""
    return b"INBOX" if name == "INBOX" else quoted(wire_name(name, is_utf8=is_utf8))


def without_nul(value: bytes) -> bytes:
    """As a literal may hold it: octet 0x80 for NUL, of the same length (RFC 9051 9, CHAR8). BINARY sends the octets."""
    return value.replace(b"\0", b"\x80") if b"\0" in value else value


def literal(value: bytes) -> bytes:
    """RFC 9051 4.3."""
    return b"{%d}\r\n%b" % (len(value), without_nul(value))


def literal8(value: bytes) -> bytes:
    return b"~{%d}\r\n%b" % (len(value), value)


class FlagTexts:
    """Flag bits as text, remembered: there are few different sets. A bit without a name ("") has no text."""

    __slots__ = ("_keywords", "_texts")

    def __init__(self, keywords: Sequence[str]) -> None:
        self._keywords = tuple(keyword.encode("ascii") for keyword in keywords)
        self._texts: dict[int, bytes] = {}

    def text(self, bits: int) -> bytes:
        """Names in parentheses, system flags first."""
        found = self._texts.get(bits)
        if found is None:
            found = self._texts[bits] = b"(" + b" ".join(self._names(bits)) + b")"
        return found

    def _names(self, bits: int) -> Iterable[bytes]:
        for bit, name in enumerate((*SYSTEM_FLAGS, b"\\Recent")):
            if bits >> bit & 1:
                yield name
        for number, name in enumerate(self._keywords):
            if name and bits >> (KEYWORD_BIT + number) & 1:
                yield name

    def defined(self) -> bytes:
        """All flags of the mailbox without parentheses."""
        return b" ".join((*SYSTEM_FLAGS, *filter(None, self._keywords)))


def email_id(value: EmailId) -> bytes:
    """RFC 8474 5.1; the letter keeps EMAILID and THREADID apart (RFC 8474 5.2)."""
    return b"M" + id_text(value).encode("ascii")


def thread_id(value: ThreadId) -> bytes:
    return b"T" + id_text(value).encode("ascii")
