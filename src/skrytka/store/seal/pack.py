"""A pack of texts by UID: what was made of the messages of 256 UIDs, opened at once.

Format: docs/formats.md, "Rendered pack".
"""

from collections.abc import Mapping
from typing import Final

import msgspec
import zstandard

from skrytka.model.errors import UNREADABLE, PermanentError, Reason

PLAIN_MAX_BYTES: Final = 1024 * 1024  # more is not packed: opening it would take long

_VERSION: Final = b"\x01"
_LEVEL: Final = 3
_decompressor = zstandard.ZstdDecompressor()  # for the loop's thread alone
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(dict[int, bytes]).decode


def encode_pack(texts: Mapping[int, bytes]) -> bytes:
    """The record's plain form, to be sealed."""
    return _VERSION + zstandard.ZstdCompressor(level=_LEVEL).compress(_encode(texts))


def decode_pack(raw: bytes) -> dict[int, bytes]:
    """Texts by UID; PermanentError(CORRUPT) on anything that :func:`encode_pack` did not make."""
    try:
        packed = memoryview(raw)[1:]
        if raw[:1] != _VERSION or zstandard.frame_content_size(packed) > 2 * PLAIN_MAX_BYTES:
            raise zstandard.ZstdError
        return _decode(_decompressor.decompress(packed))
    except (zstandard.ZstdError, *UNREADABLE):
        raise PermanentError(Reason.CORRUPT, "pack of texts") from None
