"""What DKIM and ARC need of a message while it comes in: its fields as they came, and which hashes of its body."""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from skrytka.mail.delivery.incoming import HeaderScan
from skrytka.protocol.mailauth.dkim.body import BodyHash, BodySpec
from skrytka.protocol.mailauth.message import Signed, read_signed

LONG_BYTES: Final = 24 * 1024  # of a header: a step of a check may take more than a millisecond


class SignedMessage(msgspec.Struct, frozen=True):
    """What the checks of signatures start with."""

    signed: Signed
    bodies: Mapping[BodySpec, BodyHash]
    is_long: bool  # the steps of the checks belong into a thread


class SignatureReader:
    """``message.Specs`` that remembers what it has read."""

    def __init__(self, also: frozenset[BodySpec] = frozenset()) -> None:
        self._also = also  # hashes that somebody else wants
        self._signed: Signed | None = None
        self._is_long = False

    def __call__(self, scan: HeaderScan) -> Iterable[BodySpec]:
        """The fields count as they came, before any was taken out. In a thread for a long header."""
        self._is_long = len(scan.raw) >= LONG_BYTES
        self._signed = read_signed(scan.came)
        return self._signed.body_specs | self._also

    def with_hashes(self, hashes: Mapping[BodySpec, BodyHash]) -> SignedMessage | None:
        """None when there was no header."""
        return None if self._signed is None else SignedMessage(self._signed, hashes, self._is_long)
