"""Challenges in DNS (RFC 8555 8.4): a TXT record in the zone of the name, there for a while by signed updates."""

import asyncio
import contextlib
import hashlib
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from skrytka.model.dns import Server
from skrytka.model.errors import PermanentError, Reason, ReasonedError
from skrytka.net.dns.update import TsigKey, update
from skrytka.protocol.acme.jose import encode
from skrytka.protocol.acme.steps import Publish

TTL_S: Final = 60


class ChallengeZone(msgspec.Struct, frozen=True):
    """A zone that may be changed; its key is read when it is needed."""

    name: str  # A-labels in lower case, no final dot
    server: Server
    read_key: Callable[[], TsigKey]  # PermanentError(BAD_CONFIG)


class DnsChallenges:
    """``wait_s``: how long the other servers of a zone may take to have what its primary has."""

    def __init__(self, zones: Sequence[ChallengeZone], wait_s: float) -> None:
        self._zones = sorted(zones, key=lambda zone: -len(zone.name))
        self._wait_s = wait_s

    async def publish(self, wanted: Publish) -> None:
        """ReasonedError when the zone does not take it; returns when all its servers have had time."""
        zone = self._zone(wanted.name)
        await update(zone.server, zone.name, zone.read_key(), add=[record(wanted)], remove=[])
        await asyncio.sleep(self._wait_s)

    async def withdraw(self, wanted: Publish) -> None:
        """What stays there harms nobody: a proof is good for one order."""
        with contextlib.suppress(ReasonedError):
            zone = self._zone(wanted.name)
            await update(zone.server, zone.name, zone.read_key(), add=[], remove=[record(wanted)])

    def _zone(self, name: str) -> ChallengeZone:
        for zone in self._zones:
            if name == zone.name or name.endswith("." + zone.name):
                return zone
        raise PermanentError(Reason.BAD_CONFIG, f"dns.publish names no zone that {name} is in")


def record(wanted: Publish) -> str:
    """A line of the zone file."""
    digest = encode(hashlib.sha256(wanted.key_authorization.encode("ascii")).digest())
    return f'_acme-challenge.{wanted.name}. {TTL_S} IN TXT "{digest}"'
