"""When app passwords were used last: noted at logins, written together, so that a login writes nothing."""

import asyncio
import contextlib
from typing import Final

from skrytka.mail.identity.app_passwords import AppKeys, AppPassword, AppPasswords, AppUse
from skrytka.mail.identity.types import Peer
from skrytka.model.clock import Clock, Random
from skrytka.model.errors import TransientError
from skrytka.model.ids import AccountId, new_unit
from skrytka.store.api import Store
from skrytka.store.commands.app_passwords import AppPasswordUse, UsedAppPasswords

EVERY_S: Final = 60.0
LAST_S: Final = 2.0  # the last write, when the process ends and the store perhaps too
NOTED_MAX: Final = 10_000  # between two writes; more of them are forgotten, the latest stay
AT_ONCE: Final = 200  # rows of one command: half a millisecond of sealing


class LastUses:
    """Of one process."""

    def __init__(self, store: Store, apps: AppPasswords, clock: Clock, random: Random) -> None:
        self._store = store
        self._apps = apps
        self._clock = clock
        self._random = random
        self._noted: dict[tuple[AccountId, int], tuple[AppPassword, int, AppUse]] = {}

    def note(self, app: AppPassword, facts: Peer) -> None:
        """It opened something now."""
        key = (app.account, app.number)
        self._noted.pop(key, None)
        self._noted[key] = app, self._clock.now_ms(), AppUse(facts.remote, facts.service)
        if len(self._noted) > NOTED_MAX:
            del self._noted[next(iter(self._noted))]

    async def flush(self) -> None:
        """Write what was noted; what cannot be written now waits, without standing in the way of what comes."""
        noted, self._noted = self._noted, {}
        uses = list(noted.items())
        for start in range(0, len(uses), AT_ONCE):
            unit = new_unit(self._clock, self._random)
            try:
                keys = await self._apps.keys()
                some = tuple(self._sealed(keys, *use) for _, use in uses[start : start + AT_ONCE])
                await self._store.submit(UsedAppPasswords(unit=unit, uses=some))
            except TransientError:
                self._noted = dict(uses[start:]) | self._noted
                return

    def _sealed(self, keys: AppKeys, app: AppPassword, at_ms: int, use: AppUse) -> AppPasswordUse:
        sealed = keys.seal(app.account, app.mac, use, self._random)
        return AppPasswordUse(app.account, app.number, at_ms, sealed)

    async def run(self) -> None:
        """Every minute, for as long as the process runs, and once more at its end."""
        try:
            while True:
                await asyncio.sleep(EVERY_S)
                await self.flush()
        finally:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LAST_S):
                    await self.flush()
