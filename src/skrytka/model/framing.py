"""Frames on our own sockets: 4 bytes of length, big-endian, then that many bytes."""

from collections.abc import Iterator

from skrytka.model.errors import RemoteProtocolError

FRAME_MAX_BYTES = 64 * 1024 * 1024  # a process of ours that sends more is broken
_HEADER = 4


def frame(payload: bytes) -> bytes:
    """The payload with its length before it."""
    return len(payload).to_bytes(_HEADER, "big") + payload


class FrameReader:
    """Bytes in, whole frames out, however the bytes were cut."""

    __slots__ = ("_buffer", "_max_bytes")

    def __init__(self, max_bytes: int = FRAME_MAX_BYTES) -> None:
        self._buffer = bytearray()
        self._max_bytes = max_bytes

    def feed(self, data: bytes) -> Iterator[bytes]:
        """All frames that are now whole; RemoteProtocolError when one claims more than the bound."""
        buffer = self._buffer
        buffer += data
        start = 0
        try:
            while len(buffer) - start >= _HEADER:
                length = int.from_bytes(buffer[start : start + _HEADER], "big")
                if length > self._max_bytes:
                    raise RemoteProtocolError(f"frame of {length} bytes")
                end = start + _HEADER + length
                if len(buffer) < end:
                    return
                yield bytes(buffer[start + _HEADER : end])
                start = end
        finally:
            del buffer[:start]
