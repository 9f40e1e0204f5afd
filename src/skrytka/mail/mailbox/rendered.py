"""What was made of messages, kept in memory for who asks again: what is behind a UID never changes.

A kind is one thing to be made of every message, such as the text of an ENVELOPE. What was not asked for within a minute
goes when there is more.
"""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

from skrytka.model.clock import Clock
from skrytka.model.ids import AccountId, MailboxId

MAX_BYTES: Final = 24 * 1024 * 1024  # of one process
KEPT_S: Final = 60.0
_OVERHEAD_BYTES: Final = 120  # of the object and its place in the table

_Place = tuple[AccountId, MailboxId, bytes]


class _Texts:
    """Of one kind and mailbox."""

    __slots__ = ("by_uid", "size_bytes", "used_s")

    def __init__(self) -> None:
        self.by_uid: dict[int, bytes] = {}
        self.size_bytes = 0
        self.used_s = 0.0


class RenderedCache:
    """By mailbox and kind; what has not been asked for the longest goes first."""

    def __init__(self, clock: Clock, max_bytes: int = MAX_BYTES) -> None:
        self._clock = clock
        self._max_bytes = max_bytes
        self._places: OrderedDict[_Place, _Texts] = OrderedDict()
        self.size_bytes = 0

    def get(self, account: AccountId, mailbox: MailboxId, kind: bytes) -> dict[int, bytes]:
        """What is known, by UID; not to be changed, and not to be kept over a wait."""
        self._expire()
        place = (account, mailbox, kind)
        found = self._places.get(place)
        if found is None:
            return {}
        found.used_s = self._clock.monotonic_s()
        self._places.move_to_end(place)
        return found.by_uid

    def put(self, account: AccountId, mailbox: MailboxId, kind: bytes, texts: Mapping[int, bytes]) -> None:
        """Remember; nothing of what would fill the cache alone."""
        place = (account, mailbox, kind)
        found = self._places.setdefault(place, _Texts())
        found.used_s = self._clock.monotonic_s()
        self._places.move_to_end(place)
        known = found.by_uid
        new = texts if known.keys().isdisjoint(texts) else {uid: texts[uid] for uid in texts if uid not in known}
        size = sum(map(len, new.values())) + len(new) * _OVERHEAD_BYTES
        if found.size_bytes + size <= self._max_bytes:
            known.update(new)
            found.size_bytes += size
            self.size_bytes += size
        while self.size_bytes > self._max_bytes:
            self._drop_oldest()

    def _expire(self) -> None:
        bound_s = self._clock.monotonic_s() - KEPT_S
        while self._places and next(iter(self._places.values())).used_s < bound_s:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        _, oldest = self._places.popitem(last=False)
        self.size_bytes -= oldest.size_bytes
