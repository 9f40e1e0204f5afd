"""What it costs to read a DNS message, found out before it is read.

A stranger chooses the names in his answers, and a pointer repeats one in two octets. dnspython compares records in a
time that grows with the square of a name's labels: an answer of 1,232 octets can take a third of a second, one of 64
KiB nine. Here records and labels are counted alone, in a microsecond a record.
"""

from typing import Final

LIGHT: Final = 1024  # read at once: under a millisecond
HEAVY: Final = 8192  # more than this is read nowhere: 512 records, or 20 with names as long as reverse ones of IPv6
RECORD: Final = 16  # what one costs beside its names
_HEADER: Final = 12
_FIXED: Final = 10  # of a record behind its name: type, class, TTL, length (RFC 1035 3.2.1)
_LABELS_MAX: Final = 128  # RFC 1035 3.1: 255 octets, of which each label has two at least
_NAME_AT: Final = {2: 0, 5: 0, 6: 0, 12: 0, 15: 2, 33: 6, 39: 0, 46: 18}  # NS CNAME SOA PTR MX SRV DNAME RRSIG


class MalformedError(ValueError):
    """No DNS message; whoever reads on would find that out too."""


def weight(data: bytes) -> int:
    """Compare it with LIGHT and HEAVY. MalformedError."""
    if len(data) < _HEADER:
        raise MalformedError("too short")
    questions, *counts = (int.from_bytes(data[at : at + 2], "big") for at in range(4, _HEADER, 2))
    records = sum(counts)
    found = records * RECORD
    if found > HEAVY or questions > 1:
        return HEAVY + 1
    at = _HEADER
    for _ in range(questions):
        _labels, at = _name(data, at)
        at += 4
    for _ in range(records):
        labels, at = _name(data, at)
        end = at + _FIXED + int.from_bytes(data[at + 8 : at + _FIXED], "big")
        if end > len(data):
            raise MalformedError("cut off")
        found += labels
        inner = _NAME_AT.get(int.from_bytes(data[at : at + 2], "big"))
        if inner is not None:
            found += _name(data, at + _FIXED + inner)[0] ** 2
        if found > HEAVY:
            return found
        at = end
    return found


def _name(data: bytes, at: int) -> tuple[int, int]:
    """How many labels it has, and where it ends; pointers lead back only (RFC 1035 4.1.4)."""
    labels, end, first = 0, 0, at
    while labels <= _LABELS_MAX:
        if at >= len(data):
            raise MalformedError("cut off")
        length = data[at]
        if length == 0:
            return labels, end or at + 1
        if length < 64:
            labels, at = labels + 1, at + 1 + length
            continue
        end = end or at + 2
        target = int.from_bytes(data[at : at + 2], "big") & 0x3FFF
        if length < 192 or target >= first:
            raise MalformedError("a pointer that does not lead back")
        at = first = target
    raise MalformedError("a name that is too long")
