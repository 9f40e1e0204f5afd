"""Answers and failures for as long as they hold, in bounded memory (RFC 2308, RFC 9520)."""

from collections import OrderedDict

import msgspec

from skrytka.model.clock import Clock
from skrytka.model.dns import Answer
from skrytka.model.errors import Reason, TransientError

ENTRIES_MAX = 20_000
FAILURE_TTL_S = 5.0  # RFC 9520 3.2: 1 s at least, 5 minutes at most

Key = tuple[str, str]


class _Entry(msgspec.Struct, frozen=True):
    found: Answer | Reason
    expires_at: float


class Cache:
    """The least recently used entry goes first when it is full."""

    def __init__(self, clock: Clock, entries_max: int = ENTRIES_MAX) -> None:
        self._clock = clock
        self._entries_max = entries_max
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
            del self._entries[key]
            return None
        self._entries.move_to_end(key)
        if isinstance(entry.found, Reason):
            raise TransientError(entry.found, "remembered for some seconds")
        return msgspec.structs.replace(entry.found, ttl_s=int(left_s))

    def put(self, key: Key, answer: Answer) -> None:
        """Keep it for its TTL; 0 is not kept."""
        if answer.ttl_s > 0:
            self._store(key, _Entry(answer, self._clock.monotonic_s() + answer.ttl_s))

    def put_failure(self, key: Key, reason: Reason) -> None:
        """Do not ask again at once what nobody could answer."""
        self._store(key, _Entry(reason, self._clock.monotonic_s() + FAILURE_TTL_S))

    def _store(self, key: Key, entry: _Entry) -> None:
        self._entries[key] = entry
        self._entries.move_to_end(key)
        if len(self._entries) > self._entries_max:
            self._entries.popitem(last=False)
