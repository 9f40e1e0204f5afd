"""How much mail waits for its sender's time: it is kept for weeks, so an account may have so much (RFC 4865 6)."""

from skrytka.model.clock import Clock
from skrytka.model.ids import AccountId
from skrytka.store.api import Store
from skrytka.store.sql import queue as sql


class WaitingMail:
    """``servers.submission_deps.Waiting``."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def count(self, account: AccountId) -> int:
        """How many messages of an account; those of sessions that go on at this moment are not there yet."""
        return await self._store.read(sql.scheduled(account, self._clock.now_ms()))
