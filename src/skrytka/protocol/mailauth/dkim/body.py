"""Hashes of the body, made while it streams by (RFC 6376 3.4.3, 3.4.4, 3.7).

However many signatures there are, the body is canonicalized and hashed twice at most: a hash for a length is a copy
taken in passing. Always SHA-256 (RFC 8301 3.1, RFC 8463 3).
"""

import hashlib
import re
from collections.abc import Iterable
from typing import Final

import msgspec

from skrytka.protocol.mailauth.dkim.canonical import Method, squeeze

_CRLF: Final = b"\r\n"
_ENDS_REVERSED = re.compile(rb"(?:\n\r)*")
_BLANK_LINES_MAX: Final = 4096  # hashed at once: a body of nothing but line ends takes no memory


class BodySpec(msgspec.Struct, frozen=True):
    """Which hash a signature wants: c= and l=."""

    method: Method
    length: int | None = None


class BodyHash(msgspec.Struct, frozen=True):
    digest: bytes
    unsigned_octets: int = 0  # of the canonical body, beyond the length


class BodyHasher:
    """Takes the octets behind the blank line, cut anywhere: whole or byte by byte, the hashes are the same."""

    def __init__(self, specs: Iterable[BodySpec]) -> None:
        self._specs = frozenset(specs)
        self._streams = {
            method: _Stream({spec.length for spec in self._specs if spec.method is method}, method)
            for method in {spec.method for spec in self._specs}
        }

    def feed(self, data: bytes) -> None:
        for stream in self._streams.values():
            stream.feed(data)

    def finish(self) -> dict[BodySpec, BodyHash]:
        """To be called once. A spec whose length the body does not reach is not in it (RFC 6376 3.5, l=)."""
        hashes = {method: stream.finish() for method, stream in self._streams.items()}
        return {spec: found for spec in self._specs if (found := hashes[spec.method].get(spec.length))}


class _Stream:
    def __init__(self, lengths: set[int | None], method: Method) -> None:
        self._is_relaxed = method is Method.RELAXED
        self._hash = hashlib.sha256()
        self._cuts = sorted(length for length in lengths if length is not None)
        self._at: dict[int, bytes] = {}
        self._total = 0
        self._held = b""  # what the next octets can change: a space, a CR
        self._line_ends = 0  # at the end so far; they count when something follows
        self._put(b"")

    def feed(self, data: bytes) -> None:
        if self._held:
            data = self._held + data
        held = b"\r" if data.endswith(b"\r") else b""
        if self._is_relaxed:
            data = squeeze(data).replace(b" \r\n", _CRLF)
            if data[: len(data) - len(held)].endswith(b" "):
                held = b" " + held
        self._held = held
        self._lines(data[: len(data) - len(held)])

    def finish(self) -> dict[int | None, BodyHash]:
        self._lines(self._held.removesuffix(b" "))
        if self._total or not self._is_relaxed:  # RFC 6376 3.4.3, 3.4.4: an empty body is CRLF, or nothing
            self._put(_CRLF)
        hashes: dict[int | None, BodyHash] = {
            length: BodyHash(digest, self._total - length) for length, digest in self._at.items()
        }
        hashes[None] = BodyHash(self._hash.digest())
        return hashes

    def _lines(self, data: bytes) -> None:
        ends = _line_ends(data)
        core = data[: len(data) - 2 * ends]
        if core:
            while self._line_ends:
                count = min(self._line_ends, _BLANK_LINES_MAX)
                self._put(_CRLF * count)
                self._line_ends -= count
            self._put(core)
        self._line_ends += ends

    def _put(self, data: bytes) -> None:
        while self._cuts and self._cuts[0] <= self._total + len(data):
            length = self._cuts.pop(0)
            self._hash.update(data[: length - self._total])
            data = data[length - self._total :]
            self._total = length
            self._at[length] = self._hash.digest()
        self._hash.update(data)
        self._total += len(data)


def _line_ends(data: bytes) -> int:
    """How many CRLFs stand at the end."""
    size = len(data) - len(data.rstrip(_CRLF))
    if size <= 2:
        return int(data.endswith(_CRLF))
    match = _ENDS_REVERSED.match(data[-size:][::-1])
    return 0 if match is None else len(match[0]) // 2
