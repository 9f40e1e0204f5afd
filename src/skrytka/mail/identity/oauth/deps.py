"""What the parts of the authorization server share; made by the composition root."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from skrytka.mail.identity.oauth.clients import Clients
from skrytka.mail.identity.oauth.keys import OAuthKeys
from skrytka.model.clock import Clock, Random
from skrytka.model.events import Emitter
from skrytka.model.ids import AccountId, UnitId, new_id, new_unit
from skrytka.model.settings import OAuth
from skrytka.net.limits import SharedLimits
from skrytka.store.api import Store
from skrytka.store.rows import AccountRow, AccountStatus
from skrytka.store.sql import directory

CODE_S: Final = 60  # RFC 6749 4.1.2 allows ten minutes; a browser needs seconds
DEVICE_S: Final = 600  # a person has to find another screen
DEVICE_INTERVAL_S: Final = 5  # RFC 8628 3.2


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthDeps:
    store: Store
    keys: OAuthKeys
    clients: Clients
    limits: SharedLimits
    events: Emitter
    clock: Clock
    random: Random
    issuer: str  # "https://host[:port]"
    settings: Callable[[], OAuth]

    def unit(self) -> UnitId:
        return new_unit(self.clock, self.random)

    def grant_id(self) -> bytes:
        return new_id(self.clock, self.random)

    async def active(self, account: AccountId) -> AccountRow | None:
        """The account, if anybody may act for it."""
        row = await self.store.read(directory.account_by_id(account))
        return row if row is not None and row.status is AccountStatus.ACTIVE else None
