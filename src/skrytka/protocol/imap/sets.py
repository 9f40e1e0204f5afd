"""Sequence sets: which messages a command means (RFC 9051 9, ``sequence-set``)."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from operator import attrgetter

import msgspec

from skrytka.model.errors import RemoteProtocolError

NUMBER_MAX = 2**32 - 1
STAR = 0  # "*": the largest number in use; no message has number 0
_SET = re.compile(
    rb"(?:[1-9][0-9]{0,9}|\*)(?::(?:[1-9][0-9]{0,9}|\*))?(?:,(?:[1-9][0-9]{0,9}|\*)(?::(?:[1-9][0-9]{0,9}|\*))?)*\Z"
)


class NoSuchNumberError(RemoteProtocolError):
    """A sequence number beyond the number of messages (RFC 9051 9: tagged BAD)."""


class SequenceSet(msgspec.Struct, frozen=True):
    """Ranges as written, :data:`STAR` for ``*``; and the result of the last search (``$``, RFC 9051 6.4.4.1)."""

    ranges: tuple[tuple[int, int], ...] = ()
    is_saved_result: bool = False

    @classmethod
    def parse(cls, raw: bytes) -> "SequenceSet":
        """From the wire; RemoteProtocolError if it is no set."""
        if raw == b"$":
            return cls(is_saved_result=True)
        is_saved_result = raw.endswith(b",$")  # RFC 9051 9: it may be the last of a set
        if is_saved_result:
            raw = raw[:-2]
        if not _SET.match(raw):
            raise RemoteProtocolError("not a sequence set")
        ranges: list[tuple[int, int]] = []
        for item in raw.split(b","):
            low, _, high = item.partition(b":")
            ranges.append((_number(low), _number(high or low)))
        return cls(tuple(ranges), is_saved_result)

    def indexes_by_number(self, count: int) -> list[range]:
        """Indexes (number - 1) of a mailbox with ``count`` messages, ascending, without overlap."""
        found: list[range] = []
        for first, second in self.ranges:
            low, high = sorted((first or count, second or count))
            if high > count or not low:
                raise NoSuchNumberError("there is no message with that number")
            found.append(range(low - 1, high))
        return merged(found)

    def indexes_by_uid(self, uids: Sequence[int], uid_next: int) -> list[range]:
        """Indexes of the UIDs in the set, ascending, without overlap; UIDs that do not exist are passed over."""
        largest = uids[-1] if uids else uid_next  # RFC 9051 9, seq-number
        found: list[range] = []
        for first, second in self.ranges:
            low, high = sorted((first or largest, second or largest))
            start, stop = bisect_left(uids, low), bisect_right(uids, high)
            if start < stop:
                found.append(range(start, stop))
        return merged(found)


def _number(raw: bytes) -> int:
    if raw == b"*":
        return STAR
    number = int(raw)
    if number > NUMBER_MAX:
        raise RemoteProtocolError("a number of a set is beyond 32 bits")
    return number


def merged(found: list[range]) -> list[range]:
    """Ascending and without overlap."""
    found.sort(key=attrgetter("start"))
    together: list[range] = []
    for each in found:
        if together and each.start <= together[-1].stop:
            if each.stop > together[-1].stop:
                together[-1] = range(together[-1].start, each.stop)
        else:
            together.append(each)
    return together


Run = tuple[int, int]  # first and last


def format_set(numbers: Iterable[int]) -> bytes:
    """Ascending numbers as a set with ranges: ``1:3,5``; empty input gives ``b""``."""
    runs: list[Run] = []
    add_runs(runs, list(numbers))
    return format_runs(runs)


def add_runs(runs: list[Run], numbers: Sequence[int]) -> None:
    """Ascending numbers, all behind those of the runs, as runs; the first may go on with the last that there is."""
    if not numbers:
        return
    gaps = [index for index, (left, right) in enumerate(pairwise(numbers), 1) if right != left + 1]
    for start, stop in pairwise([0, *gaps, len(numbers)]):
        first = numbers[start]
        if runs and runs[-1][1] + 1 == first:
            first = runs.pop()[0]
        runs.append((first, numbers[stop - 1]))


def format_runs(runs: Iterable[Run]) -> bytes:
    """As a set."""
    return b",".join([b"%d" % first if first == last else b"%d:%d" % (first, last) for first, last in runs])
