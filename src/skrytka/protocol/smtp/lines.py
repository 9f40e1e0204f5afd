"""Received octets, and the command lines in them: a line ends with <CRLF> and with nothing else (RFC 5321 2.3.8)."""

from enum import Enum, auto
from typing import Final

CRLF: Final = b"\r\n"
DISCARD_MAX_BYTES: Final = 1024 * 1024  # of one faulty line; a peer that sends more is not speaking SMTP


class LineFault(Enum):
    """Why a line is no command. The rest of that line, up to its <CRLF>, is thrown away."""

    BARE_NEWLINE = auto()
    TOO_LONG = auto()
    ENDLESS = auto()  # nothing sensible can follow


class Input:
    """What was received and not yet used.

    A faulty line is reported as soon as the fault is there, so that a peer that never sends <CRLF> gets its answer,
    and exactly once, so that replies and lines stay in step.
    """

    __slots__ = ("_buffer", "_discarded", "_is_discarding", "_position", "_scanned")

    def __init__(self) -> None:
        self._buffer = b""
        self._position = 0  # first unused octet
        self._scanned = 0  # no CRLF begins before it
        self._is_discarding = False
        self._discarded = 0

    def __len__(self) -> int:
        return len(self._buffer) - self._position

    def feed(self, data: bytes) -> None:
        if self._position < len(self._buffer):
            data = self._buffer[self._position :] + data
        self._scanned = max(0, self._scanned - self._position)
        self._buffer = data
        self._position = 0

    def clear(self) -> None:
        """Forget everything, the middle of a line included."""
        self.__init__()  # type: ignore[misc]

    def take(self, octets: int) -> bytes:
        """At most that many octets."""
        stop = min(self._position + octets, len(self._buffer))
        taken = self._buffer[self._position : stop]
        self._position = self._scanned = stop
        return taken

    def take_all(self) -> bytes:
        taken = self._buffer[self._position :] if self._position else self._buffer
        self._position = self._scanned = len(self._buffer)
        return taken

    def put_back(self, octets: bytes) -> None:
        """Octets that ``take_all`` gave and that belong to what follows."""
        self._buffer = octets
        self._position = self._scanned = 0

    def line(self, limit: int) -> bytes | LineFault | None:
        """The next line without its <CRLF>, which ``limit`` counts; None when it is not complete."""
        if self._is_discarding:
            fault = self._discard()
            if fault is not None or self._is_discarding:
                return fault
        start = self._position
        end = self._buffer.find(CRLF, self._scanned)
        if 0 <= end <= start + limit - len(CRLF):
            raw = self._buffer[start:end]
            self._position = self._scanned = end + len(CRLF)
            return LineFault.BARE_NEWLINE if b"\n" in raw or b"\r" in raw else raw
        self._scanned = max(start, len(self._buffer) - 1) if end < 0 else end
        return self._fault_so_far(self._buffer[start : start + limit], limit)

    def _fault_so_far(self, window: bytes, limit: int) -> LineFault | None:
        """What is wrong with a line that does not end in this window; the window's last CR may be half a CRLF."""
        is_bare = b"\n" in window or 0 <= window.find(b"\r") < len(window) - 1
        if not is_bare and len(window) < limit:
            return None
        self._is_discarding = True
        self._discarded = 0
        return LineFault.BARE_NEWLINE if is_bare else LineFault.TOO_LONG

    def _discard(self) -> LineFault | None:
        """Throw the faulty line away as far as it is there."""
        end = self._buffer.find(CRLF, self._position)
        is_complete = end >= 0
        if not is_complete:
            end = len(self._buffer) - (1 if self._buffer.endswith(b"\r", self._position) else 0)
        self._discarded += end - self._position
        self._position = self._scanned = end + len(CRLF) if is_complete else end
        self._is_discarding = not is_complete
        return LineFault.ENDLESS if self._discarded > DISCARD_MAX_BYTES else None
