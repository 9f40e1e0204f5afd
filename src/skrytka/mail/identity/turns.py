"""One at a time for each key: who has the same key waits, first come first served."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """Of one process. A key that nobody holds or waits for takes no memory."""

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = {}
        self._users: dict[str, int] = {}

    def __len__(self) -> int:
        """Keys that somebody holds or waits for."""
        return len(self._locks)

    @asynccontextmanager
    async def of(self, *keys: str) -> AsyncIterator[None]:
        """Hold all keys; everybody has to name kinds of keys in the same order, or two may wait for each other."""
        if not keys:
            yield
            return
        async with self._one(keys[0]), self.of(*keys[1:]):
            yield

    @asynccontextmanager
    async def _one(self, key: str) -> AsyncIterator[None]:
        lock = self._locks.setdefault(key, asyncio.Lock())
        self._users[key] = self._users.get(key, 0) + 1
        try:
            async with lock:
                yield
        finally:
            self._users[key] -= 1
            if not self._users[key]:
                del self._users[key], self._locks[key]
