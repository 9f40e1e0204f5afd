"""Sets of UIDs as ranges, both ends included: what a statement and the journal hold."""

from collections.abc import Iterable, Iterator
from typing import TypeAlias

Ranges: TypeAlias = tuple[tuple[int, int], ...]

UID_MAX = 2**32 - 1  # RFC 9051 2.3.1.1
ALL: Ranges = ((1, UID_MAX),)


def of(uids: Iterable[int]) -> Ranges:
    """The fewest ranges that hold exactly these numbers, which come in any order."""
    found: list[tuple[int, int]] = []
    low = high = 0
    for uid in sorted(set(uids)):
        if low and uid == high + 1:
            high = uid
            continue
        if low:
            found.append((low, high))
        low = high = uid
    if low:
        found.append((low, high))
    return tuple(found)


def clip(ranges: Ranges) -> Iterator[tuple[int, int]]:
    """Ranges by low end, overlaps joined, without the empty ones: each number is met once."""
    low = high = 0
    for start, end in sorted((max(start, 1), min(end, UID_MAX)) for start, end in ranges):
        if start > end:
            continue
        if low and start <= high + 1:
            high = max(high, end)
            continue
        if low:
            yield low, high
        low, high = start, end
    if low:
        yield low, high
