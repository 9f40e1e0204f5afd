"""Where a message ends, and whether its octets may be accepted.

``DotReader`` knows one end of data, <CRLF>.<CRLF> (RFC 5321 4.1.1.4). ``BodyCheck`` looks at the octets of DATA and
BDAT alike: a CR or LF outside <CRLF> is refused unless the message is BINARYMIME (RFC 5321 2.3.8, RFC 3030 3), so a
message that another server could cut elsewhere never gets in. NUL is data: RFC 5321 4.5.2 delivers all 128 ASCII
characters, and NUL takes no part in any line end.
"""

from enum import IntFlag
from typing import Final

from skrytka.model import reply as replies
from skrytka.model.limits import SmtpLimits
from skrytka.model.reply import Reply

CRLF: Final = b"\r\n"
END_OF_DATA: Final = b"\r\n.\r\n"
_END_PREFIXES: Final = (b"\r\n.\r", b"\r\n.", b"\r\n", b"\r")  # longest first


class DotReader:
    """DATA octets in, message octets out, dots unstuffed (RFC 5321 4.5.2)."""

    __slots__ = ("_held", "_is_first")

    def __init__(self) -> None:
        self._held = CRLF  # the end of the DATA line: "." at once is an empty message
        self._is_first = True  # the held CRLF is not part of the message

    def feed(self, data: bytes) -> tuple[bytes, bytes | None]:
        """Message octets, and what follows the end of data (None when that has not come)."""
        data = self._held + data
        end = data.find(END_OF_DATA)
        if end >= 0:
            return self._message(data[: end + len(CRLF)]), data[end + len(END_OF_DATA) :]
        self._held = b""
        for prefix in _END_PREFIXES:
            if data.endswith(prefix):
                self._held = prefix
                data = data[: -len(prefix)]
                break
        return self._message(data), None

    def _message(self, data: bytes) -> bytes:
        if b"\r\n." in data:
            data = data.replace(b"\r\n.", CRLF)
        if self._is_first and data:
            self._is_first = False
            return data[len(CRLF) :]
        return data


class _Found(IntFlag):
    """What is wrong with a message."""

    NOTHING = 0
    BARE_NEWLINE = 1
    TOO_LARGE = 2
    HEADER_TOO_LARGE = 4
    LINE_TOO_LONG = 8
    EIGHT_BIT = 16


_REFUSALS: Final[tuple[tuple[_Found, Reply], ...]] = (  # the first that applies is given
    (_Found.BARE_NEWLINE, replies.BARE_NEWLINE_DATA),
    (_Found.TOO_LARGE, replies.TOO_LARGE),
    (_Found.HEADER_TOO_LARGE, replies.HEADER_TOO_LARGE),
    (_Found.LINE_TOO_LONG, replies.TEXT_LINE_TOO_LONG),
    (_Found.EIGHT_BIT, replies.EIGHT_BIT_NEEDED),
)


class BodyCheck:
    """Looks at message octets, however they are cut; the findings of the whole message decide."""

    __slots__ = (
        "_found",
        "_header_max",
        "_header_tail",
        "_is_7bit",
        "_is_binary",
        "_is_cr_open",
        "_line",
        "_line_max",
        "_message_max",
        "total",
    )

    def __init__(self, limits: SmtpLimits, *, is_binary: bool, is_7bit: bool) -> None:
        self.total = 0
        self._message_max = limits.message_bytes
        self._header_max = limits.header_bytes
        self._line_max = limits.text_line_bytes
        self._is_binary = is_binary
        self._is_7bit = is_7bit
        self._found = _Found.NOTHING
        self._is_cr_open = False  # the last octet was a CR
        self._line = 0  # octets of the line that is not complete
        self._header_tail: bytes | None = CRLF  # the last octets; None: the header section is over

    @property
    def refusal(self) -> Reply | None:
        """Why the message cannot be accepted, as far as seen."""
        if not self._found:
            return None
        return next(reply for found, reply in _REFUSALS if found in self._found)

    def expect(self, octets: int) -> None:
        """So many are announced: too many are known before they come."""
        if self.total + octets > self._message_max:
            self._found |= _Found.TOO_LARGE

    def feed(self, octets: bytes) -> None:
        self.total += len(octets)
        if self.total > self._message_max:
            self._found |= _Found.TOO_LARGE
        if self._header_tail is not None:
            self._scan_header(self._header_tail, octets)
        if self._is_7bit and not octets.isascii():
            self._found |= _Found.EIGHT_BIT
        if not self._is_binary and octets:
            self._scan_newlines(octets)
            self._scan_lines(octets)

    def finish(self) -> None:
        """No octet follows."""
        if self._is_cr_open:
            self._found |= _Found.BARE_NEWLINE

    def _scan_header(self, tail: bytes, octets: bytes) -> None:
        """Bounds the header section, its empty line included (RFC 5322 2.1)."""
        window = tail + octets
        end = window.find(b"\r\n\r\n")
        before = self.total - len(octets) - len(tail)
        size = self.total + 1 if end < 0 else before + end + 4  # without its end, one octet at least is to come
        if size > self._header_max:
            self._found |= _Found.HEADER_TOO_LARGE
        self._header_tail = window[-3:] if end < 0 else None

    def _scan_newlines(self, octets: bytes) -> None:
        if self._is_cr_open:
            octets = b"\r" + octets
        self._is_cr_open = octets.endswith(b"\r")
        if self._is_cr_open:
            octets = octets[:-1]
        rest = octets.replace(CRLF, b"")  # a third of the time that counting takes
        if b"\r" in rest or b"\n" in rest:
            self._found |= _Found.BARE_NEWLINE

    def _scan_lines(self, octets: bytes) -> None:
        if self._line + len(octets) > self._line_max and self._has_long_line(octets):
            self._found |= _Found.LINE_TOO_LONG
        last = octets.rfind(b"\n")
        self._line = self._line + len(octets) if last < 0 else len(octets) - last - 1

    def _has_long_line(self, octets: bytes) -> bool:
        start = -self._line
        while len(octets) - start > self._line_max:
            last = octets.rfind(b"\n", max(start, 0), max(start + self._line_max, 0))
            if last < 0:
                return True
            start = last + 1
        return False
