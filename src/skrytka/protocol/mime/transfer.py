"""Transfer encodings undone piece by piece: together what ``charset.decode_transfer`` makes of the whole.

A decoder holds a line or a few octets, never the content (RFC 2045 6.7, 6.8). The same pieces give the same octets, so
who has counted them knows the length of what he will send. Only a line of 64 KiB in which hardly anything stands
between the "=" may come out otherwise than as a whole.
"""

import binascii
import re
from typing import Protocol

_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_CLOSED = re.compile(rb"[^=]{2}")  # behind it no escape of quoted-printable is open: a line may be cut there
LINE_BYTES = 64 * 1024  # of quoted-printable, which allows 76
_CLOSED_WITHIN = 64


class TransferDecoder(Protocol):
    """Fed in order, then finished once."""

    def feed(self, data: bytes) -> bytes: ...
    def finish(self) -> bytes: ...


class _Identity:
    def feed(self, data: bytes) -> bytes:
        return data

    def finish(self) -> bytes:
        return b""


class _Base64:
    """Lenient: what is not of the alphabet is passed over; a padding ends a run, and another may follow."""

    def __init__(self) -> None:
        self._clean = b""

    def feed(self, data: bytes) -> bytes:
        found = bytearray()
        for number, run in enumerate(data.split(b"=")):
            if number:
                found += self.finish()
            if run:
                clean = self._clean + _NOT_BASE64.sub(b"", run)
                whole = len(clean) // 4 * 4
                found += binascii.a2b_base64(clean[:whole])
                self._clean = clean[whole:]
        return bytes(found)

    def finish(self) -> bytes:
        clean, self._clean = self._clean, b""
        return binascii.a2b_base64(clean + b"=" * (4 - len(clean))) if len(clean) > 1 else b""


class _QuotedPrintable:
    """Whole lines; a line without an end is cut where no escape is open."""

    def __init__(self) -> None:
        self._held = b""
        self._is_skipping = False  # "=" and CR: all up to the next LF belongs to the soft line break

    def feed(self, data: bytes) -> bytes:
        data = self._skipped(self._held + data)
        end = data.rfind(b"\n") + 1
        found, self._held = binascii.a2b_qp(data[:end]), data[end:]
        return found if len(self._held) <= LINE_BYTES else found + self._cut()

    def finish(self) -> bytes:
        held, self._held = self._held, b""
        return binascii.a2b_qp(held)

    def _skipped(self, data: bytes) -> bytes:
        if not self._is_skipping:
            return data
        end = data.find(b"\n") + 1
        self._is_skipping = not end
        return data[end:] if end else b""

    def _cut(self) -> bytes:
        held = self._held
        ends = [match.end() for match in _CLOSED.finditer(held, len(held) - _CLOSED_WITHIN)]
        end = ends[-1] if ends else len(held)
        found = binascii.a2b_qp(held[:end])
        self._held = held[end:]
        if len(binascii.a2b_qp(held[:end] + b"X")) == len(found):  # swallowed
            self._is_skipping = True
            self._held = self._skipped(self._held)
        return found


def decoder(encoding: bytes) -> TransferDecoder:
    """For a Content-Transfer-Encoding in lower case; an unknown one leaves the octets as they are."""
    if encoding == b"base64":
        return _Base64()
    return _QuotedPrintable() if encoding == b"quoted-printable" else _Identity()
