"""Where accounts are at home: networks, countries and kinds of programs that each has logged in from.

Kept in the store as keyed hashes that are of use for one account only, read once and remembered for a minute; a name
that is no account's is remembered too, so that it costs the same. A front that is not told of another's news looks
again before it calls anybody a stranger.
"""

import hashlib
import hmac
from collections import OrderedDict
from enum import StrEnum
from typing import Final

from skrytka.model.clock import Clock
from skrytka.model.errors import TransientError
from skrytka.model.secret import Secret
from skrytka.store.api import Store
from skrytka.store.sql import places as sql
from skrytka.store.sql.places import PlaceRow

KEPT_S: Final = 60.0
STRANGE_S: Final = 5.0  # so long a stranger stays one without a look
KNOWN_MAX: Final = 10_000  # names; some 5 MB
MAC_BYTES: Final = 16


class Kind(StrEnum):
    """What can be new about a login."""

    NETWORK = "network"
    PROVIDER = "provider"  # the autonomous system, where it is known
    COUNTRY = "country"
    DEVICE = "device"


def place_mac(key: Secret, address: str, kind: Kind, value: str) -> bytes:
    """How the store knows it: it says nothing without the key, and not whether two accounts were in one place."""
    text = b"\0".join((b"place", address.encode("utf-8", "replace"), kind.encode(), value.encode()))
    return hmac.digest(key.reveal(), text, hashlib.sha256)[:MAC_BYTES]


class Homes:
    """Of one process."""

    def __init__(self, store: Store, name_key: Secret, clock: Clock) -> None:
        self._store = store
        self._key = name_key
        self._clock = clock
        self._known: OrderedDict[str, tuple[float, frozenset[bytes]]] = OrderedDict()

    async def has(self, address: str, network: str) -> bool:
        """Whether the account (``Address.key``) has logged in from that network before; False while nobody can tell."""
        mac = place_mac(self._key, address, Kind.NETWORK, network)
        now_s = self._clock.monotonic_s()
        if (known := self._known.get(address)) is not None:
            age_s = now_s - known[0]
            if age_s < KEPT_S and (mac in known[1] or age_s < STRANGE_S):
                return mac in known[1]
        return mac in await self._read(address, now_s)

    async def rows(self, address: str) -> list[PlaceRow]:
        """All places, as they are stored now. TransientError while they cannot be read."""
        return await self._store.read(sql.of_address(address))

    def add(self, address: str, network: str) -> None:
        """He has just logged in from there; the store hears of it from somebody else."""
        mac = place_mac(self._key, address, Kind.NETWORK, network)
        at_s, known = self._known.get(address, (self._clock.monotonic_s() - STRANGE_S, frozenset()))
        self._keep(address, at_s, known | {mac})

    def forget(self, address: str) -> None:
        """He is at home nowhere."""
        self._known.pop(address, None)

    async def _read(self, address: str, now_s: float) -> frozenset[bytes]:
        try:
            rows = await self.rows(address)
        except TransientError:
            return self._known.get(address, (0.0, frozenset()))[1]
        found = frozenset(row.mac for row in rows if row.kind == Kind.NETWORK)
        self._keep(address, now_s, found)
        return found

    def _keep(self, address: str, at_s: float, found: frozenset[bytes]) -> None:
        self._known[address] = (at_s, found)
        self._known.move_to_end(address)
        if len(self._known) > KNOWN_MAX:
            self._known.popitem(last=False)
