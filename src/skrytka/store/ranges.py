"""Sets of UIDs as ranges, both ends included: what a statement and the journal hold."""

from collections.abc import Iterable, Iterator
from typing import TypeAlias

Ranges: TypeAlias = tuple[tuple[int, int], ...]

UID_MAX = 2**32 - 1  # RFC 9051 2.3.1.1
ALL: Ranges = ((1, UID_MAX),)
PIECE_RANGES = 500


def of(uids: Iterable[int]) -> Ranges:
    """The fewest ranges that hold exactly these numbers, which come in any order."""
    ordered = sorted(set(uids))
    if ordered and ordered[-1] - ordered[0] == len(ordered) - 1:  # as most are
        return ((ordered[0], ordered[-1]),)
    found: list[tuple[int, int]] = []
    low = high = 0
    for uid in ordered:
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


def pieces(uids: Iterable[int], most: int) -> Iterator[Ranges]:
    """The same numbers in pieces of at most ``most``, and of at most so many ranges that a command stays short.

    Each range is two or three statements of some 10 µs, each message in it some 5.
    """
    piece: list[tuple[int, int]] = []
    count = 0
    for low, high in of(uids):
        start = low
        while start <= high:
            end = min(high, start + most - count - 1)
            piece.append((start, end))
            count += end - start + 1
            start = end + 1
            if count == most or len(piece) == PIECE_RANGES:
                yield tuple(piece)
                piece, count = [], 0
    if piece:
        yield tuple(piece)
