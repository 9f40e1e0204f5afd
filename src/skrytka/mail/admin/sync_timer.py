"""When a directory is synced by itself: after a time that is nobody's hour, for many servers would ask at once."""

from collections.abc import Awaitable, Callable
from typing import Final

from skrytka.model.clock import Clock, Random

LOOK_S: Final = 30.0  # so often somebody looks whether it is time
JITTER: Final = 0.2  # of the time between two


class SyncTimer:
    """Of one process; :meth:`run` is called from time to time."""

    def __init__(self, sync: Callable[[], Awaitable[object]], every_s: int, clock: Clock, random: Random) -> None:
        self._sync = sync
        self._every_s = every_s
        self._clock = clock
        self._random = random
        self._due_s = clock.monotonic_s() + every_s * self._chance()

    async def run(self) -> None:
        """Sync if it is time; what fails is tried again when it is time again."""
        now_s = self._clock.monotonic_s()
        if now_s < self._due_s:
            return
        self._due_s = now_s + self._every_s * (1 - JITTER / 2 + JITTER * self._chance())
        await self._sync()

    def _chance(self) -> float:
        """From 0 to 1."""
        return int.from_bytes(self._random.token(4), "big") / 2**32
