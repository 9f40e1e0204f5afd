"""SCRAM over many app passwords: which of an account's a proof was made with, if with any (RFC 5802).

The work for a name that nobody has and for an account with a few app passwords is the same: keys that fit nothing are
tried beside, and all are tried after one has been found.
"""

import asyncio
from typing import Final

from skrytka.mail.identity.app_passwords import SLICE, AppPassword, AppPasswords
from skrytka.model.clock import Random
from skrytka.model.ids import AccountId
from skrytka.protocol.sasl.exchange import ScramClaim
from skrytka.protocol.sasl.scram import ScramKeys

LEAST_TRIED: Final = 16


class ScramProofs:
    """Of one process."""

    def __init__(self, apps: AppPasswords, random: Random) -> None:
        self._apps = apps
        self._nobody = ScramKeys(random.token(32), random.token(32))

    async def find(self, account: AccountId | None, claim: ScramClaim) -> tuple[AppPassword, bytes] | None:
        """The app password and what proves us to the client; None: it was none of them."""
        found: tuple[AppPassword, bytes] | None = None
        tried = 0
        if account is not None:
            async for some in self._apps.slices(account):
                for app in some:
                    if app.record.keys.prove(claim):
                        found = app, app.record.keys.sign(claim)
                tried += len(some)
                if len(some) == SLICE:
                    await asyncio.sleep(0)
        for _ in range(LEAST_TRIED - tried):
            self._nobody.prove(claim)
        return found
