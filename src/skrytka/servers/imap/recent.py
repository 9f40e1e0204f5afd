r"""Messages that are \Recent in one session of IMAP4rev1: it was the first to be told of them (RFC 3501 2.3.2)."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Final

from skrytka.protocol.imap.format import RECENT_BIT

RANGES_MAX: Final = 64  # where sessions take turns in being the first; then this one leaves it to others


class Recent:
    """Ranges of UIDs, ascending."""

    __slots__ = ("_ranges",)

    def __init__(self) -> None:
        self._ranges: list[tuple[int, int]] = []

    def __bool__(self) -> bool:
        return bool(self._ranges)

    def __contains__(self, uid: int) -> bool:
        place = bisect_right(self._ranges, (uid, 2**32))
        return place > 0 and uid <= self._ranges[place - 1][1]

    def has_room(self, low: int) -> bool:
        """Whether a range that begins there can be added."""
        return len(self._ranges) < RANGES_MAX or self._ranges[-1][1] + 1 >= low

    def add(self, low: int, high: int) -> None:
        """Above all that are there; nothing when it is empty."""
        if low > high:
            return
        if self._ranges and self._ranges[-1][1] + 1 >= low:
            self._ranges[-1] = (self._ranges[-1][0], high)
        else:
            self._ranges.append((low, high))

    def places(self, uids: "array[int]", start: int = 0, stop: int | None = None) -> list[range]:
        """Where they are among ascending UIDs."""
        end = len(uids) if stop is None else stop
        found = [
            range(bisect_left(uids, low, start, end), bisect_right(uids, high, start, end))
            for low, high in self._ranges
        ]
        return [each for each in found if each]

    def count(self, uids: "array[int]") -> int:
        """How many of the UIDs are recent."""
        return sum(map(len, self.places(uids)))

    def among(self, uids: "array[int]", candidates: Sequence[int]) -> list[int]:
        """Those of the indexes whose UIDs are recent."""
        return [index for index in candidates if uids[index] in self]

    def shown(self, uids: "array[int]", flags: "array[int]", start: int, stop: int) -> "array[int]":
        """A copy of these flags, with that of recent messages."""
        found = flags[start:stop]
        for place in self.places(uids, start, stop):
            for index in place:
                found[index - start] |= RECENT_BIT
        return found
