"""Search texts of many messages as one record: opened, unpacked and looked through at the speed of C.

Format: docs/formats.md, "Search text". The texts of a chunk stand one behind the other with NUL between them, which no
needle has, so one search over all finds every message.
"""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

import msgspec
import zstandard

from skrytka.model.errors import UNREADABLE, PermanentError, Reason
from skrytka.model.ids import EmailId
from skrytka.store.seal.text import MessageText

MESSAGES: Final = 128
CHUNK_BYTES: Final = 768 * 1024  # a chunk ends before it passes that: under a millisecond to look through (ADR 0015)
TEXT_BYTES: Final = 256 * 1024  # a longer text stays by itself

_VERSION: Final = b"\x01"
_LEVEL: Final = 3
_UNPACKED_MAX: Final = 4 * 1024 * 1024  # those of earlier releases are larger: 256 messages, 2 MiB


class _Record(msgspec.Struct, frozen=True, array_like=True):
    emails: tuple[bytes, ...]
    headers: bytes
    header_ends: tuple[int, ...]
    bodies: bytes
    body_ends: tuple[int, ...]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Record)


def encode_chunk(texts: Sequence[tuple[EmailId, MessageText]]) -> bytes:
    """The record's plain form, to be sealed."""
    record = _Record(
        emails=tuple(email for email, _ in texts),
        headers=b"\0".join(text.header for _, text in texts),
        header_ends=tuple(accumulate(len(text.header) + 1 for _, text in texts)),
        bodies=b"\0".join(text.body for _, text in texts),
        body_ends=tuple(accumulate(len(text.body) + 1 for _, text in texts)),
    )
    return _VERSION + zstandard.ZstdCompressor(level=_LEVEL).compress(_encoder.encode(record))


class TextChunk:
    """An opened chunk."""

    __slots__ = ("_record",)

    def __init__(self, raw: bytes) -> None:
        """PermanentError(CORRUPT) on anything that :func:`encode_chunk` did not make."""
        try:
            if raw[:1] != _VERSION or zstandard.frame_content_size(raw[1:]) > _UNPACKED_MAX:
                raise zstandard.ZstdError
            self._record = _decoder.decode(zstandard.ZstdDecompressor().decompress(memoryview(raw)[1:]))
        except (zstandard.ZstdError, *UNREADABLE):
            raise PermanentError(Reason.CORRUPT, "chunk of search text") from None

    @property
    def emails(self) -> Sequence[bytes]:
        """Whose texts it has."""
        return self._record.emails

    def find(self, needle: bytes, *, with_header: bool) -> set[bytes]:
        """EMAILIDs of the messages whose text contains the needle."""
        record = self._record
        found = _places(record.bodies, record.body_ends, needle)
        if with_header:
            found |= _places(record.headers, record.header_ends, needle)
        return {record.emails[place] for place in found}


def _places(text: bytes, ends: Sequence[int], needle: bytes) -> set[int]:
    found: set[int] = set()
    at = text.find(needle)
    while at >= 0:
        place = bisect_right(ends, at)
        if place >= len(ends):
            break
        found.add(place)
        at = text.find(needle, ends[place])
    return found
