"""The blob format, without any file: segments, index, trailer. Described byte for byte in docs/formats.md, "Blob".

A segment is at most 256 KiB of the content, compressed when that helps, sealed with AES-256-GCM under the blob's own
key. Its number is the nonce and stands with the blob's id and a last flag in the additional data, so that a segment
that was dropped, doubled, moved, swapped with another blob's or cut off does not open.
"""

import threading
from typing import Final, NamedTuple

import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import BlobId
from skrytka.model.secret import Secret

MAGIC: Final = b"SKB\x01"  # the last byte is the version
SEGMENT_BYTES: Final = 256 * 1024
TRAILER_BYTES: Final = 4  # number of segments
TAG_BYTES: Final = 16

_LEVEL: Final = 3
_RAW: Final = b"\x00"
_ZSTD: Final = b"\x01"
_MIDDLE: Final = b"\x00"
_LAST: Final = b"\x01"
_INDEX: Final = b"\x02"
_INDEX_NONCE: Final = b"\xff" * 12
_INDEX_ENTRY: Final = 8  # plain length, stored length


class Extent(NamedTuple):
    """Where one segment lies, in the content and in the stored form."""

    start: int
    length: int
    stored_start: int
    stored_length: int


class _Codecs(threading.local):
    """Compressor and decompressor of this thread: making one costs more than a message, sharing one is not safe."""

    def __init__(self) -> None:
        self.compress = zstandard.ZstdCompressor(level=_LEVEL).compress
        self.decompress = zstandard.ZstdDecompressor().decompress


_codecs = _Codecs()


def corrupt(blob_id: BlobId, what: str) -> PermanentError:
    """The error for a blob that is not what was written; names the blob, never its content."""
    return PermanentError(Reason.CORRUPT, f"blob {blob_id.hex()}: {what}")


class Sealer:
    """Seals and opens the pieces of one blob; the key is used for this blob and nothing else."""

    __slots__ = ("_cipher", "blob_id")

    def __init__(self, blob_id: BlobId, key: Secret) -> None:
        self.blob_id = blob_id
        self._cipher = AESGCM(key.reveal())

    def seal_segment(self, number: int, plain: bytes | bytearray, *, is_last: bool) -> bytes:
        """The stored form of one segment."""
        packed = _codecs.compress(plain)
        packed = _ZSTD + packed if len(packed) < len(plain) else _RAW + plain
        return self._cipher.encrypt(
            number.to_bytes(12, "big"), packed, self._aad(number, _LAST if is_last else _MIDDLE)
        )

    def open_segment(self, number: int, stored: bytes, *, is_last: bool) -> bytes:
        """The content of one segment; PermanentError(CORRUPT) when a single bit or its place differs."""
        aad = self._aad(number, _LAST if is_last else _MIDDLE)
        try:
            packed = self._cipher.decrypt(number.to_bytes(12, "big"), stored, aad)
        except (InvalidTag, ValueError):
            raise corrupt(self.blob_id, f"segment {number} does not open") from None
        if packed[:1] == _RAW:
            return packed[1:]
        try:
            return _unpack(packed)
        except zstandard.ZstdError:
            raise corrupt(self.blob_id, f"segment {number} does not unpack") from None

    def seal_index(self, lengths: list[tuple[int, int]]) -> bytes:
        """The stored index; each entry is (content length, stored length) of one segment."""
        plain = b"".join(length.to_bytes(4, "big") + stored.to_bytes(4, "big") for length, stored in lengths)
        return self._cipher.encrypt(_INDEX_NONCE, plain, self._aad(len(lengths), _INDEX))

    def open_index(self, count: int, stored: bytes) -> list[Extent]:
        """Where each of the segments lies."""
        try:
            plain = self._cipher.decrypt(_INDEX_NONCE, stored, self._aad(count, _INDEX))
        except (InvalidTag, ValueError):
            raise corrupt(self.blob_id, "index does not open") from None
        extents: list[Extent] = []
        start, stored_start = 0, len(MAGIC)
        for at in range(0, len(plain), _INDEX_ENTRY):
            length = int.from_bytes(plain[at : at + 4], "big")
            stored_length = int.from_bytes(plain[at + 4 : at + 8], "big")
            extents.append(Extent(start, length, stored_start, stored_length))
            start += length
            stored_start += stored_length
        return extents

    def _aad(self, number: int, flag: bytes) -> bytes:
        return MAGIC + self.blob_id + number.to_bytes(4, "big") + flag


def _unpack(packed: bytes) -> bytes:
    frame = memoryview(packed)[1:]
    if packed[:1] != _ZSTD or zstandard.frame_content_size(frame) > SEGMENT_BYTES:
        raise zstandard.ZstdError("unknown method or too large")
    return _codecs.decompress(frame, max_output_size=SEGMENT_BYTES)


def index_bytes(count: int) -> int:
    """Length of the stored index; a blob of one segment has none."""
    return count * _INDEX_ENTRY + TAG_BYTES if count > 1 else 0


def seal_small(sealer: Sealer, plain: bytes | bytearray) -> bytes:
    """A whole blob of one segment."""
    return MAGIC + sealer.seal_segment(0, plain, is_last=True) + _ONE


_ONE: Final = (1).to_bytes(TRAILER_BYTES, "big")
