"""From bytes to whole commands: lines with the literals between them (RFC 9051 4.3, RFC 7888).

The command comes out as one run of bytes, literals in their place and without the last CRLF. A line that ends like a
literal announcement is one, wherever that stands (RFC 7888 3), so framing never depends on parsing.
"""

import re

import msgspec

from skrytka.model.errors import RemoteProtocolError

NON_SYNC_MAX = 4096  # RFC 7888 5: LITERAL-
_ANNOUNCED = re.compile(rb"\{(\d{1,20})(\+?)\}\Z")
_APPEND = re.compile(rb"[^ ]+ APPEND ", re.IGNORECASE)
_ANNOUNCEMENT_MAX = 24
_CRLF = b"\r\n"


class ReaderLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of one command. ``append_bytes`` bounds the literal of APPEND, and what is read and thrown away of others.

    A literal of APPEND is announced whatever its size below that; who accepts it has it in memory.
    """

    line_bytes: int
    literal_bytes: int
    append_bytes: int


class WholeCommand(msgspec.Struct, frozen=True):
    data: bytes


class WantsLiteral(msgspec.Struct, frozen=True):
    """The client waits for a continuation; :meth:`CommandReader.accept` or :meth:`CommandReader.refuse` must follow."""

    size_bytes: int
    first_line: bytes


class RefusedCommand(msgspec.Struct, frozen=True):
    """A literal was too large: ``data`` is the first line. All of the command has been read or will never be sent."""

    data: bytes


class CommandReader:
    """Feed bytes, take commands. RemoteProtocolError when the framing is lost; then nothing more can be read."""

    def __init__(self, limits: ReaderLimits) -> None:
        self.limits = limits
        self._buffer = bytearray()
        self._scanned = 0  # no CRLF begins before this offset
        self._command = bytearray()  # finished lines and literals of the command at hand
        self._first_line = b""
        self._line_bytes = 0
        self._literal_bytes = 0
        self._missing = 0  # octets of the literal still to come
        self._waiting = 0  # size of the literal that waits for accept()
        self._is_refused = False

    def feed(self, data: bytes) -> None:
        self._buffer += data

    def clear(self) -> None:
        """Forget everything (STARTTLS)."""
        self._buffer.clear()
        self._scanned = 0
        self._reset()

    def _reset(self) -> None:
        self._command = bytearray()
        self._first_line = b""
        self._line_bytes = self._literal_bytes = self._missing = self._waiting = 0
        self._is_refused = False

    def line(self) -> bytes | None:
        """One line without literals: a SASL response, or DONE."""
        end = self._buffer.find(_CRLF, self._scanned)
        if end < 0:
            self._scanned = max(0, len(self._buffer) - 1)
            if len(self._buffer) > self.limits.line_bytes:
                raise RemoteProtocolError("the line is too long")
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        self._scanned = 0
        if len(line) > self.limits.line_bytes:
            raise RemoteProtocolError("the line is too long")
        return line

    def accept(self) -> None:
        """The continuation was sent: the literal comes."""
        self._missing, self._waiting = self._waiting, 0

    def refuse(self) -> None:
        """The command was answered instead: the literal does not come (RFC 9051 4.3)."""
        self._reset()

    def next_command(self) -> WholeCommand | WantsLiteral | RefusedCommand | None:
        """None: more bytes are needed."""
        while True:
            if self._missing and not self._take_literal():
                return None
            line = self.line()
            if line is None:
                return None
            found = self._after_line(line)
            if found is not None:
                return found

    def _take_literal(self) -> bool:
        if self._is_refused:
            gone = min(self._missing, len(self._buffer))
            del self._buffer[:gone]
            self._missing -= gone
            return not self._missing
        if len(self._buffer) < self._missing:
            return False
        self._command += self._buffer[: self._missing]
        del self._buffer[: self._missing]
        self._missing = 0
        return True

    def _after_line(self, line: bytes) -> WholeCommand | WantsLiteral | RefusedCommand | None:
        self._line_bytes += len(line)
        if self._line_bytes > self.limits.line_bytes:
            raise RemoteProtocolError("the command is too long")
        self._first_line = self._first_line or line
        if not self._is_refused:
            self._command += line
        announced = _ANNOUNCED.search(line, max(0, len(line) - _ANNOUNCEMENT_MAX))
        if announced is None:
            return self._whole()
        size, is_sync = int(announced[1]), not announced[2]
        if not self._is_refused:
            self._command += _CRLF
        if is_sync:
            return self._sync(size)
        self._non_sync(size)
        return None

    def _whole(self) -> WholeCommand | RefusedCommand:
        found = RefusedCommand(self._first_line) if self._is_refused else WholeCommand(bytes(self._command))
        self._reset()
        return found

    def _sync(self, size: int) -> WantsLiteral | RefusedCommand:
        self._literal_bytes += size
        bound = self.limits.append_bytes if _APPEND.match(self._first_line) else self.limits.literal_bytes
        if self._is_refused or self._literal_bytes > bound:
            refused = RefusedCommand(self._first_line)  # the answer comes instead of the continuation
            self._reset()
            return refused
        self._waiting = size
        return WantsLiteral(size, self._first_line)

    def _non_sync(self, size: int) -> None:
        self._literal_bytes += size
        if self._literal_bytes > self.limits.append_bytes:
            raise RemoteProtocolError("the literal is too large")
        if size > NON_SYNC_MAX or self._literal_bytes > self.limits.literal_bytes:
            self._is_refused = True
            self._command = bytearray()
        self._missing = size
