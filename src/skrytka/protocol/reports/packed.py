"""Reports as they travel: plain, gzip (RFC 1952) or zip, undone with a bound on what comes out.

Runs in inspectors only. Whatever the container says of sizes is not believed: octets are counted as they come out.
"""

import re
import zlib
from typing import Final

IN_MAX: Final = 10 * 1024 * 1024
OUT_MAX: Final = 20 * 1024 * 1024
RATIO_MAX: Final = 200  # reports of a kind repeat themselves: 20 to 60 is usual
RATIO_FROM: Final = 1024 * 1024  # so much may come out at any ratio
_STEP: Final = 256 * 1024
_GZIP: Final = b"\x1f\x8b"
_ZIP: Final = b"PK\x03\x04"
_REPORT_NAME: Final = re.compile(rb"\.(?:xml|json)\Z", re.IGNORECASE)
_LOCAL_BYTES: Final = 30
_MEMBERS_MAX: Final = 8  # looked at, for one that is a report: some pack a note beside it
_STORED, _DEFLATED = 0, 8


class PackedError(ValueError):
    """Nothing that can be undone within the bounds; the text is ours."""


def unpacked(data: bytes) -> bytes:
    """The report itself; PackedError."""
    if len(data) > IN_MAX:
        raise PackedError("too long")
    if data.startswith(_GZIP):
        return _inflated(data, 16 + zlib.MAX_WBITS)[0]
    if data.startswith(_ZIP):
        return _member(data)
    return data


def _member(data: bytes) -> bytes:
    """The first report of an archive. Local headers are followed, so nothing points back or elsewhere."""
    position = 0
    for _ in range(_MEMBERS_MAX):
        header = data[position : position + _LOCAL_BYTES]
        if len(header) < _LOCAL_BYTES or not header.startswith(_ZIP):
            break
        flags, method = _short(header, 6), _short(header, 8)
        packed_bytes = int.from_bytes(header[18:22], "little")
        name_end = position + _LOCAL_BYTES + _short(header, 26)
        name = data[position + _LOCAL_BYTES : name_end]
        start = name_end + _short(header, 28)
        if flags & 1:
            raise PackedError("encrypted")
        octets, end = _body(data, start, method, packed_bytes)
        if _REPORT_NAME.search(name):
            return octets
        position = end if flags & 8 == 0 else _behind_descriptor(data, end)
    raise PackedError("an archive without a report")


def _body(data: bytes, start: int, method: int, packed_bytes: int) -> tuple[bytes, int]:
    """The octets of a member, and where the next one begins."""
    if method == _STORED:
        return data[start : start + packed_bytes], start + packed_bytes
    if method != _DEFLATED:
        raise PackedError("a method nobody uses")
    octets, used = _inflated(data[start:], -zlib.MAX_WBITS)
    return octets, start + used


def _behind_descriptor(data: bytes, position: int) -> int:
    """APPNOTE 4.3.9: 12 octets, with a signature before them or without."""
    return position + (16 if data[position : position + 4] == b"PK\x07\x08" else 12)


def _inflated(data: bytes, window: int) -> tuple[bytes, int]:
    """Of one stream, and how much of the data it was."""
    stream = zlib.decompressobj(window)
    out = bytearray()
    left = data
    try:
        while not stream.eof:
            piece = stream.decompress(left, _STEP)
            left = stream.unconsumed_tail
            out += piece
            if len(out) > OUT_MAX or (len(out) > RATIO_FROM and len(out) > RATIO_MAX * len(data)):
                raise PackedError("a bomb")
            if not piece and not left and not stream.eof:
                raise PackedError("cut off")
    except zlib.error:
        raise PackedError("damaged") from None
    return bytes(out), len(data) - len(stream.unused_data)


def _short(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "little")
