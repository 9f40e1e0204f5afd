"""The search text of one message: what SEARCH compares, made at delivery, sealed with the account's TEXT key.

Format: docs/formats.md, "Search text". It is folded UTF-8 (docs/inspectors.md, "Search text") without NUL and CR.
"""

import threading
from typing import Final, NamedTuple

import zstandard

from skrytka.model.errors import PermanentError, Reason

PACK_FROM_BYTES: Final = 16 * 1024  # less is merged into a packed chunk soon: packing it now costs more than it saves
TEXT_MAX_BYTES: Final = 2 * 1024 * 1024

_LEVEL: Final = 3
_RAW: Final = b"\x01"
_ZSTD: Final = b"\x02"
_PARTING: Final = b"\0"


class MessageText(NamedTuple):
    """Two texts: SEARCH BODY asks for the second, SEARCH TEXT for both, HEADER for lines of the first."""

    header: bytes  # a line "name: value" a field
    body: bytes  # a line for each part


class _Codecs(threading.local):
    """Of this thread: making one costs more than a message, sharing one is not safe."""

    def __init__(self) -> None:
        self.compress = zstandard.ZstdCompressor(level=_LEVEL).compress
        self.decompress = zstandard.ZstdDecompressor().decompress


_codecs = _Codecs()


def encode_text(text: MessageText) -> bytes:
    """The record's plain form, to be sealed."""
    plain = text.header + _PARTING + text.body
    if len(plain) < PACK_FROM_BYTES:
        return _RAW + plain
    return _ZSTD + _codecs.compress(plain)


def decode_text(raw: bytes) -> MessageText:
    """The texts; PermanentError(CORRUPT) on anything that :func:`encode_text` did not make."""
    method, plain = raw[:1], raw[1:]
    if method == _ZSTD:
        try:
            plain = _codecs.decompress(plain, max_output_size=TEXT_MAX_BYTES)
        except zstandard.ZstdError:
            raise _corrupt() from None
    elif method != _RAW:
        raise _corrupt()
    header, parting, body = plain.partition(_PARTING)
    if not parting or len(plain) > TEXT_MAX_BYTES:
        raise _corrupt()
    return MessageText(header, body)


def _corrupt() -> PermanentError:
    return PermanentError(Reason.CORRUPT, "search text of an unknown form")
