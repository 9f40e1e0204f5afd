"""A message in a file: its header at once, its body in pieces, whatever line ends it was saved with.

A file whose first line ends in LF is one of Unix and is read as if each LF were CRLF; every other is left as it is.
Memory is bounded by HEADER_MAX_BYTES and time by MAIL_MAX_BYTES, whatever the file is (``/dev/zero``).
"""

import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final

from skrytka.inspect.wire import MESSAGE_MAX_BYTES
from skrytka.model.errors import PermanentError, Reason

HEADER_MAX_BYTES: Final = 1024 * 1024
MAIL_MAX_BYTES: Final = MESSAGE_MAX_BYTES
_PIECE_BYTES: Final = 256 * 1024
_LONE_LF: Final = re.compile(rb"(?<!\r)\n")
_END: Final = b"\r\n\r\n"


class MailFile:
    """PermanentError(TOO_LARGE) where a bound is passed; OSError as the stream has it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._pieces = with_crlf(_bounded(stream))
        self._rest = b""
        self.header = self._read_header()

    def body(self) -> Iterator[bytes]:
        """To be read once."""
        yield self._rest
        yield from self._pieces

    def _read_header(self) -> bytes:
        """With its blank line; without one the whole file is header, and its last line is ended."""
        held = bytearray()
        for piece in self._pieces:
            seen = max(0, len(held) - len(_END) + 1)
            held += piece
            end = 2 if held[:2] == b"\r\n" else held.find(_END, seen) + len(_END)
            if end >= len(_END) or held[:2] == b"\r\n":
                _check_header(end)
                self._rest = bytes(held[end:])
                return bytes(held[:end])
            _check_header(len(held))
        return bytes(held) if not held or held.endswith(b"\r\n") else bytes(held) + b"\r\n"


def with_crlf(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same octets; where the first line ends in LF alone, every such LF is made CRLF."""
    is_unix: bool | None = None
    last = b""
    for piece in filter(None, pieces):
        if is_unix is None and (end := piece.find(b"\n")) >= 0:
            is_unix = (piece[end - 1 : end] if end else last) != b"\r"
        is_halved = last == b"\r" and piece.startswith(b"\n")
        last = piece[-1:]
        yield b"\n" * is_halved + _LONE_LF.sub(b"\r\n", piece[is_halved:]) if is_unix else piece


def _check_header(size: int) -> None:
    if size > HEADER_MAX_BYTES:
        raise PermanentError(Reason.TOO_LARGE, f"a header of more than {HEADER_MAX_BYTES} octets")


def _bounded(stream: BinaryIO) -> Iterator[bytes]:
    size = 0
    while piece := stream.read(_PIECE_BYTES):
        size += len(piece)
        if size > MAIL_MAX_BYTES:
            raise PermanentError(Reason.TOO_LARGE, f"more than {MAIL_MAX_BYTES} octets")
        yield piece
