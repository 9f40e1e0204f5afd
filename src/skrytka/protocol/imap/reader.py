"""From bytes to whole commands: lines with the literals between them (RFC 9051 4.3, RFC 7888).

The command comes out as one run of bytes, literals in their place and without the last CRLF. A line that ends like a
literal announcement is one, wherever that stands (RFC 7888 3), so framing never depends on parsing.
"""

import re

import msgspec

from skrytka.model.errors import RemoteProtocolError

NON_SYNC_MAX = 4096  # RFC 7888 5: LITERAL-, all that is announced before login
_ANNOUNCED = re.compile(rb"\{(\d{1,20})(\+?)\}\Z")
_APPEND = re.compile(rb"[^ ]+ APPEND ", re.IGNORECASE)
_ANNOUNCEMENT_MAX = 24
_CRLF = b"\r\n"


class TooLargeError(RemoteProtocolError):
    """A literal that does not wait, and of which nobody will read so much (RFC 7888 4)."""


class ReaderLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of one command. ``append_bytes`` bounds the literal of APPEND, and what is read and thrown away of others.

    ``non_sync_bytes`` bounds a literal that does not wait, but for the message of APPEND.
    """

    line_bytes: int
    literal_bytes: int
    append_bytes: int
    non_sync_bytes: int = NON_SYNC_MAX


class WholeCommand(msgspec.Struct, frozen=True):
    data: bytes


class WantsLiteral(msgspec.Struct, frozen=True):
    """The client waits for a continuation; :meth:`CommandReader.accept` or :meth:`CommandReader.refuse` must follow."""

    size_bytes: int
    first_line: bytes


class AppendLiteral(msgspec.Struct, frozen=True):
    """A literal of APPEND: its message, or the name of the mailbox; ``data`` is the command so far.

    :meth:`CommandReader.stream`, :meth:`CommandReader.accept` or :meth:`CommandReader.refuse` must follow.
    """

    size_bytes: int
    is_sync: bool
    data: bytes


class RefusedCommand(msgspec.Struct, frozen=True):
    """A literal was too large: ``data`` is the first line. All of the command has been read or will never be sent."""

    data: bytes


def is_append(first_line: bytes) -> bool:
    """Whether the command is APPEND: a literal of it may be a message."""
    return _APPEND.match(first_line) is not None


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
        self._is_sync = True  # whether the client waits with it
        self._streaming = 0  # octets of the message of APPEND still to come
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
        self._line_bytes = self._literal_bytes = self._missing = self._waiting = self._streaming = 0
        self._is_sync = True
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
        """The command was answered instead: the literal does not come (RFC 9051 4.3), or is thrown away."""
        if self._is_sync:
            self._reset()
        else:
            self._give_up()
            self.accept()

    def _give_up(self) -> None:
        """Read on to the end of the command, for nothing."""
        self._is_refused = True
        self._command = bytearray()

    def stream(self) -> None:
        """The literal is a message: it leaves by :meth:`chunk`, the rest of the command by :meth:`tail`."""
        self._streaming, self._waiting = self._waiting, 0
        self._command = bytearray()

    def chunk(self) -> bytes | None:
        """Some octets of the message; None when more bytes are needed, b"" at its end."""
        if not self._streaming:
            return b""
        data = bytes(self._buffer[: self._streaming])
        del self._buffer[: self._streaming]
        self._streaming -= len(data)
        return data or None

    def tail(self, expected: bytes) -> bool | None:
        """Whether the command ends behind its message as expected. None: more bytes are needed.

        If not, the rest comes as a RefusedCommand from :meth:`next_command`.
        """
        line = self.line()
        if line is None:
            return None
        if line == expected:
            self._reset()
            return True
        self._give_up()
        self._buffer[:0] = line + _CRLF  # its literals have to be passed over
        self._scanned = 0
        return False

    def next_command(self) -> WholeCommand | WantsLiteral | AppendLiteral | RefusedCommand | None:
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

    def _after_line(self, line: bytes) -> WholeCommand | WantsLiteral | AppendLiteral | RefusedCommand | None:
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
        is_message = is_append(self._first_line)
        if is_sync:
            return self._sync(size, is_append=is_message)
        return self._non_sync(size, is_append=is_message)

    def _whole(self) -> WholeCommand | RefusedCommand:
        found = RefusedCommand(self._first_line) if self._is_refused else WholeCommand(bytes(self._command))
        self._reset()
        return found

    def _sync(self, size: int, *, is_append: bool) -> WantsLiteral | AppendLiteral | RefusedCommand:
        self._literal_bytes += size
        bound = self.limits.append_bytes if is_append else self.limits.literal_bytes
        if self._is_refused or self._literal_bytes > bound:
            refused = RefusedCommand(self._first_line)  # the answer comes instead of the continuation
            self._reset()
            return refused
        self._waiting = size
        if is_append:
            return self._append_literal(size, is_sync=True)
        return WantsLiteral(size, self._first_line)

    def _non_sync(self, size: int, *, is_append: bool) -> AppendLiteral | None:
        self._literal_bytes += size
        if self._literal_bytes > self.limits.append_bytes:
            raise TooLargeError("the literal is too large")
        if is_append and not self._is_refused:
            self._waiting = size
            return self._append_literal(size, is_sync=False)
        if size > self.limits.non_sync_bytes or self._literal_bytes > self.limits.literal_bytes:
            self._give_up()
        self._missing = size
        return None

    def _append_literal(self, size: int, *, is_sync: bool) -> AppendLiteral:
        self._is_sync = is_sync
        return AppendLiteral(size, is_sync, bytes(self._command))
