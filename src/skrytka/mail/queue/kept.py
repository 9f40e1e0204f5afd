"""MTA-STS policies that outlive a restart: sealed in the store, found by a keyed hash. A format: docs/formats.md."""

from collections.abc import Sequence
from typing import Final

import msgspec

from skrytka.mail.outbox.sealed import QueueKeys, SealedRecords
from skrytka.model.clock import Clock, Random
from skrytka.model.errors import PermanentError
from skrytka.model.ids import UnitId, new_unit
from skrytka.protocol.tlspolicy.sts import StsPolicy
from skrytka.store.api import Store
from skrytka.store.commands.sts import DropStsPolicies, PutStsPolicy
from skrytka.store.seal.keys import AccountKeys, MacKind
from skrytka.store.seal.source import KeySource
from skrytka.store.sql import sts as sql

LISTED_MAX: Final = 200
_PLACE: Final = b"sts\0"


class KeptPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """A policy as it was fetched last."""

    domain: str
    id: str  # of the TXT record that showed it
    policy: StsPolicy
    fetched_at_ms: int
    used_at_ms: int  # to the day


_POLICIES: Final = SealedRecords(KeptPolicy, "MTA-STS policy")


class KeptPolicies:
    """Of this node."""

    def __init__(self, store: Store, keys: KeySource, clock: Clock, random: Random) -> None:
        self._store = store
        self._keys = QueueKeys(keys, random)
        self._clock = clock
        self._random = random

    async def get(self, domain: str) -> KeptPolicy | None:
        """None as well when it does not open: it is fetched again then. TransientError: the store is away."""
        keys = await self._keys.get()
        place = _place(keys, domain)
        sealed = await self._store.read(sql.policy(place))
        return None if sealed is None else _open(keys, place, sealed)

    async def put(self, kept: KeptPolicy) -> None:
        """Instead of what is there."""
        keys = await self._keys.get()
        place = _place(keys, kept.domain)
        sealed = _POLICIES.seal(keys, _PLACE + place, kept)
        await self._store.submit(
            PutStsPolicy(unit=self._unit(), domain=place, fetched_at_ms=kept.fetched_at_ms, sealed=sealed)
        )

    async def fetched_before(self, before_ms: int, after: bytes = b"") -> tuple[Sequence[KeptPolicy], bytes]:
        """A batch of them, and where the next one begins; b"" at the end. What does not open is dropped."""
        keys = await self._keys.get()
        rows = await self._store.read(sql.fetched_before(before_ms, after, LISTED_MAX))
        found = [(place, _open(keys, place, sealed)) for place, sealed in rows]
        if lost := tuple(place for place, kept in found if kept is None):
            await self._store.submit(DropStsPolicies(unit=self._unit(), domains=lost))
        following = rows[-1][0] if len(rows) == LISTED_MAX else b""
        return [kept for _place, kept in found if kept is not None], following

    async def drop(self, domain: str) -> None:
        """It has had its time."""
        keys = await self._keys.get()
        await self._store.submit(DropStsPolicies(unit=self._unit(), domains=(_place(keys, domain),)))

    def _unit(self) -> UnitId:
        return new_unit(self._clock, self._random)


def _place(keys: AccountKeys, domain: str) -> bytes:
    return keys.mac(MacKind.ADDRESS, _PLACE + domain.encode("ascii"))


def _open(keys: AccountKeys, place: bytes, sealed: bytes) -> KeptPolicy | None:
    try:
        return _POLICIES.open(keys, _PLACE + place, sealed)
    except PermanentError:
        return None
