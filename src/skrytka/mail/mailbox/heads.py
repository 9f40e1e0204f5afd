"""Opened beginnings of summaries, kept in memory for who asks again: what is behind a UID never changes.

A listing of 10,000 messages takes 9 MB here; what was not asked for within a minute goes when there is more.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from skrytka.mail.mailbox.types import Head
from skrytka.model.clock import Clock
from skrytka.model.ids import AccountId, MailboxId

HEADS_MAX_BYTES: Final = 16 * 1024 * 1024  # of one process
KEPT_S: Final = 60.0
_OVERHEAD_BYTES: Final = 300  # objects around the text


class _Mailbox:
    """What is known of one mailbox."""

    __slots__ = ("heads", "size_bytes", "used_s")

    def __init__(self) -> None:
        self.heads: dict[int, Head] = {}
        self.size_bytes = 0
        self.used_s = 0.0


class HeadCache:
    """By mailbox; the ones that have not been asked for the longest go first."""

    def __init__(self, clock: Clock, max_bytes: int = HEADS_MAX_BYTES) -> None:
        self._clock = clock
        self._max_bytes = max_bytes
        self._mailboxes: OrderedDict[tuple[AccountId, MailboxId], _Mailbox] = OrderedDict()
        self.size_bytes = 0

    def get(self, account: AccountId, mailbox: MailboxId) -> dict[int, Head]:
        """What is known, by UID; not to be changed."""
        self._expire()
        found = self._mailboxes.get((account, mailbox))
        if found is None:
            return {}
        found.used_s = self._clock.monotonic_s()
        self._mailboxes.move_to_end((account, mailbox))
        return found.heads

    def put(self, account: AccountId, mailbox: MailboxId, heads: Sequence[tuple[int, Head]]) -> None:
        """Remember; nothing once the mailbox alone would fill the cache."""
        found = self._mailboxes.setdefault((account, mailbox), _Mailbox())
        found.used_s = self._clock.monotonic_s()
        self._mailboxes.move_to_end((account, mailbox))
        for uid, head in heads:
            size = len(head.envelope) + len(head.body) + len(head.bodystructure) + _OVERHEAD_BYTES
            if uid in found.heads or found.size_bytes + size > self._max_bytes:
                continue
            found.heads[uid] = head
            found.size_bytes += size
            self.size_bytes += size
        while self.size_bytes > self._max_bytes:
            self._drop_oldest()

    def _expire(self) -> None:
        bound_s = self._clock.monotonic_s() - KEPT_S
        while self._mailboxes and next(iter(self._mailboxes.values())).used_s < bound_s:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        _, oldest = self._mailboxes.popitem(last=False)
        self.size_bytes -= oldest.size_bytes
