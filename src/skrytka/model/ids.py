"""Identifiers. They are formats: once mail is stored under them they cannot change.

Account ids are small integers given by the directory. Blobs, messages, traces and units carry 16 bytes that sort by
time (48 bit milliseconds, 80 bit random: the layout of a ULID), so that index pages fill in order.
"""

from functools import lru_cache
from typing import NewType

from skrytka.model.clock import Clock, Random

AccountId = NewType("AccountId", int)  # 1 .. 2**62; given once, never again
DomainId = NewType("DomainId", int)
MailboxId = NewType("MailboxId", int)  # unique in its account; given once, never again
Uid = NewType("Uid", int)  # RFC 9051 2.3.1.1: 1 .. 2**32-1
State = NewType("State", int)  # one counter per account; a MODSEQ is a State (RFC 7162 3.1: below 2**63)

BlobId = NewType("BlobId", bytes)  # 16 bytes
EmailId = NewType("EmailId", bytes)  # 16 bytes; one content in one account (RFC 8474 5.1)
ThreadId = NewType("ThreadId", bytes)  # 16 bytes (RFC 8474 5.2)
TraceId = NewType("TraceId", bytes)  # 16 bytes; one message or session through every process
UnitId = NewType("UnitId", bytes)  # 16 bytes; one command handed to the store, for "did it commit?"
QueueId = NewType("QueueId", bytes)  # 16 bytes

ID_BYTES = 16
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford base32: no I, L, O, U
_PAIRS = tuple(first + second for first in _ALPHABET for second in _ALPHABET)  # by ten bits
_VALUES = {char: value for value, char in enumerate(_ALPHABET)} | {
    char.lower(): value for value, char in enumerate(_ALPHABET)
}
TEXT_LENGTH = 26


def new_id(clock: Clock, random: Random) -> bytes:
    """A fresh 16-byte id that sorts after those of earlier milliseconds."""
    return clock.now_ms().to_bytes(6, "big") + random.token(10)


def new_unit(clock: Clock, random: Random) -> UnitId:
    """A fresh id of a command."""
    return UnitId(new_id(clock, random))


@lru_cache(maxsize=1024)  # the id of a message is shown several times while it comes in
def id_text(raw_id: bytes) -> str:
    """The 26 characters that people see; sorts as the bytes do."""
    value = int.from_bytes(raw_id, "big")
    return "".join([_PAIRS[value >> shift & 1023] for shift in range(120, -1, -10)])


def parse_id(text: str) -> bytes:
    """The bytes of :func:`id_text`; ValueError on anything else."""
    if len(text) != TEXT_LENGTH or text[0] not in "01234567":
        raise ValueError("an id has 26 characters, the first 0 to 7")
    value = 0
    for char in text:
        try:
            value = value << 5 | _VALUES[char]
        except KeyError:
            raise ValueError("an id has only digits and letters without I, L, O, U") from None
    return value.to_bytes(ID_BYTES, "big")
