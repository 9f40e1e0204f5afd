"""Answers and failures for as long as they hold, in bounded memory (RFC 2308, RFC 9520)."""

from collections import OrderedDict

import msgspec

from skrytka.model.clock import Clock
from skrytka.model.dns import Answer
from skrytka.model.errors import Reason, TransientError

ENTRIES_MAX = 20_000
SIZE_MAX_BYTES = 16 * 1024 * 1024  # of all records: a stranger's TXT has up to 64 KiB, and mail makes us ask for it
_RECORD_BYTES = 64  # beside what a record says
FAILURE_TTL_S = 5.0  # RFC 9520 3.2: 1 s at least, 5 minutes at most

Key = tuple[str, str]


class _Entry(msgspec.Struct, frozen=True):
    found: Answer | Reason
    expires_at: float
    size_bytes: int = 0


class Cache:
    """The least recently used entries go first when it is full."""

    def __init__(self, clock: Clock, entries_max: int = ENTRIES_MAX, size_max_bytes: int = SIZE_MAX_BYTES) -> None:
        self._clock = clock
        self._entries_max = entries_max
        self._size_max_bytes = size_max_bytes
        self._size_bytes = 0
        self._entries: OrderedDict[Key, _Entry] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: Key) -> Answer | None:
        """With the TTL that is left; raises the TransientError that was remembered."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        left_s = entry.expires_at - self._clock.monotonic_s()
        if left_s <= 0:
            self._drop(key)
            return None
        self._entries.move_to_end(key)
        if isinstance(entry.found, Reason):
            raise TransientError(entry.found, "remembered for some seconds")
        return msgspec.structs.replace(entry.found, ttl_s=int(left_s))

    def put(self, key: Key, answer: Answer) -> None:
        """Keep it for its TTL; 0 is not kept."""
        if answer.ttl_s > 0:
            self._store(key, _Entry(answer, self._clock.monotonic_s() + answer.ttl_s, _size_of(answer)))

    def put_failure(self, key: Key, reason: Reason) -> None:
        """Do not ask again at once what nobody could answer."""
        self._store(key, _Entry(reason, self._clock.monotonic_s() + FAILURE_TTL_S))

    def _store(self, key: Key, entry: _Entry) -> None:
        if key in self._entries:
            self._drop(key)
        self._entries[key] = entry
        self._size_bytes += entry.size_bytes
        while len(self._entries) > self._entries_max or self._size_bytes > self._size_max_bytes:
            self._drop(next(iter(self._entries)))

    def _drop(self, key: Key) -> None:
        self._size_bytes -= self._entries.pop(key).size_bytes


def _size_of(answer: Answer) -> int:
    return sum(_RECORD_BYTES + (len(each) if isinstance(each, str | bytes) else 0) for each in answer.records)
