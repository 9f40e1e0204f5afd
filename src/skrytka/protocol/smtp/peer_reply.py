"""Replies of an SMTP server as a client reads them (RFC 5321 4.2), with bounds on what a hostile one may send."""

import re
from typing import Final

import msgspec

from skrytka.model.errors import RemoteProtocolError
from skrytka.protocol.smtp.lines import Input, LineFault

LINE_MAX: Final = 4096  # RFC 5321 4.5.3.1.5 asks for 512 octets; longer ones are met
LINES_MAX: Final = 256  # of one reply: EHLO of a rich server has 20
_LINE: Final = re.compile(rb"([2-5][0-5][0-9])(?:([ -])(.*))?\Z", re.DOTALL)
_ENHANCED: Final = re.compile(r"([245])\.([0-9]{1,3})\.([0-9]{1,3})(?: +|\Z)")  # RFC 3463 2
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class PeerReply(msgspec.Struct, frozen=True):
    """One whole reply; the text has no control characters and no enhanced code, which stands apart ("" when absent)."""

    code: int
    enhanced: str
    lines: tuple[str, ...]

    @property
    def is_positive(self) -> bool:
        """2xx or 3xx."""
        return self.code < 400

    @property
    def is_transient(self) -> bool:
        """4xx."""
        return 400 <= self.code < 500

    @property
    def status(self) -> str:
        """The enhanced code, or the generic one of the class (RFC 3463 3.1)."""
        return self.enhanced or {2: "2.0.0", 4: "4.0.0"}.get(self.code // 100, "5.0.0")

    def __str__(self) -> str:
        return " ".join(filter(None, (str(self.code), self.enhanced, *self.lines)))


class ReplyReader:
    """Octets in, whole replies out; RemoteProtocolError for what is no reply."""

    def __init__(self) -> None:
        self._input = Input()
        self._code = 0
        self._lines: list[str] = []

    def feed(self, data: bytes) -> None:
        self._input.feed(data)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left that was received."""
        return not len(self._input) and not self._lines

    def clear(self) -> None:
        """Forget everything (RFC 3207 4.2)."""
        self._input.clear()
        self._lines = []

    def next(self) -> PeerReply | None:
        """The next reply; None when it is not complete."""
        while (raw := self._input.line(LINE_MAX)) is not None:
            if isinstance(raw, LineFault):
                raise RemoteProtocolError(f"reply line: {raw.name.lower()}")
            if self._take(raw):
                lines, self._lines = self._lines, []
                return _reply(self._code, lines)
        return None

    def _take(self, raw: bytes) -> bool:
        """Whether this line ends its reply."""
        match = _LINE.match(raw)
        if match is None:
            raise RemoteProtocolError("not a reply")
        code = int(match[1])
        if self._lines and code != self._code:  # RFC 5321 4.2.1
            raise RemoteProtocolError("the lines of a reply have different codes")
        if len(self._lines) >= LINES_MAX:
            raise RemoteProtocolError("a reply of too many lines")
        self._code = code
        self._lines.append(_CONTROL.sub("?", (match[3] or b"").decode("utf-8", "replace")))
        return match[2] != b"-"


def _reply(code: int, lines: list[str]) -> PeerReply:
    match = _ENHANCED.match(lines[0])
    if match is None or int(match[1]) != code // 100:  # RFC 2034 4: the classes agree
        return PeerReply(code, "", tuple(line.strip() for line in lines))
    enhanced = ".".join(match.groups())
    return PeerReply(code, enhanced, tuple(_without(line, enhanced) for line in lines))


def _without(line: str, enhanced: str) -> str:
    return line.removeprefix(enhanced).strip()
