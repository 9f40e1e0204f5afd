"""Transfer encodings undone piece by piece: together what ``charset.decode_transfer`` makes of the whole.

Nothing is kept between two pieces: what could not be decoded yet comes back, a line or a few octets, and goes before
the next piece (RFC 2045 6.7, 6.8). So each piece may be decoded by another process. The same pieces give the same
octets: who has counted them knows the length of what he will send. Only a line of 64 KiB in which hardly anything
stands between the "=" may come out otherwise than as a whole.
"""

import binascii
import re
from typing import NamedTuple

_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_CLOSED = re.compile(rb"[^=]{2}")  # behind it no escape of quoted-printable is open: a line may be cut there
LINE_BYTES = 64 * 1024  # of quoted-printable, which allows 76
_CLOSED_WITHIN = 64
_SKIPPING = b"=\r"  # all up to the next LF belongs to the soft line break


class Undone(NamedTuple):
    """What a piece gave, never more octets than went in, and what has to stand before the next one."""

    octets: bytes
    rest: bytes  # LINE_BYTES at most


def undo(encoding: bytes, piece: bytes, *, is_last: bool) -> Undone:
    """For a Content-Transfer-Encoding in lower case; an unknown one leaves the octets as they are."""
    if encoding == b"base64":
        return _base64(piece, is_last=is_last)
    if encoding == b"quoted-printable":
        return _quoted_printable(piece, is_last=is_last)
    return Undone(piece, b"")


def _base64(piece: bytes, *, is_last: bool) -> Undone:
    """Lenient: what is not of the alphabet is passed over; a padding ends a run, and another may follow."""
    found = bytearray()
    clean = b""
    for number, run in enumerate(piece.split(b"=")):
        if number:
            found += _run_end(clean)
            clean = b""
        if run:
            clean = _NOT_BASE64.sub(b"", run)
            whole = len(clean) // 4 * 4
            found += binascii.a2b_base64(clean[:whole])
            clean = clean[whole:]
    return Undone(bytes(found) + _run_end(clean), b"") if is_last else Undone(bytes(found), clean)


def _run_end(clean: bytes) -> bytes:
    return binascii.a2b_base64(clean + b"=" * (4 - len(clean))) if len(clean) > 1 else b""


def _quoted_printable(piece: bytes, *, is_last: bool) -> Undone:
    """Whole lines; a line without an end is cut where no escape is open."""
    if is_last:
        return Undone(binascii.a2b_qp(piece), b"")
    end = piece.rfind(b"\n") + 1
    found, line = binascii.a2b_qp(piece[:end]), piece[end:]
    if len(line) <= LINE_BYTES:
        return Undone(found, line)
    begun, rest = _cut(line)
    return Undone(found + begun, rest)


def _cut(line: bytes) -> Undone:
    ends = [match.end() for match in _CLOSED.finditer(line, len(line) - _CLOSED_WITHIN)]
    end = ends[-1] if ends else len(line)
    found = binascii.a2b_qp(line[:end])
    is_swallowed = len(binascii.a2b_qp(line[:end] + b"X")) == len(found)
    return Undone(found, _SKIPPING if is_swallowed else line[end:])
