"""Whether DNS is validated here: without that there is no DANE, and whoever runs the server has to hear of it."""

from enum import StrEnum
from typing import Final

from skrytka.model.clock import Clock
from skrytka.model.errors import TransientError
from skrytka.model.events import Emitter, FaultRaised
from skrytka.net.dns.resolver import Resolver
from skrytka.net.dns.stub import StubResolver

FAULT: Final = "F-dnssec"
WATCH_S: Final = 600.0
AGAIN_S: Final = 86_400.0  # told once a day


class Dnssec(StrEnum):
    VALIDATED = "validated"
    NOT_VALIDATED = "not validated"
    NO_ANSWER = "no answer"
    ZONE_FILE = "zone file"  # nobody is asked


async def look(resolver: Resolver) -> Dnssec:
    """Asks for the root, which is signed."""
    if not isinstance(resolver, StubResolver):
        return Dnssec.ZONE_FILE
    try:
        return Dnssec.VALIDATED if await resolver.is_validating() else Dnssec.NOT_VALIDATED
    except TransientError:
        return Dnssec.NO_ANSWER


def sentence(found: Dnssec, resolver: Resolver) -> str:
    """For people."""
    if not isinstance(resolver, StubResolver):
        return "DNS is a zone file: nobody else is asked"
    who = ", ".join(resolver.names)
    return {
        Dnssec.VALIDATED: f"DNSSEC: {who} validates on this machine, so mail that leaves is protected by DANE",
        Dnssec.NO_ANSWER: f"DNSSEC: {who} does not answer",
    }.get(
        found,
        f"DNSSEC: {who} does not validate, or is not on this machine: mail that leaves is NOT protected by DANE;"
        ' the mend: apt install unbound, and dns.resolvers = ["127.0.0.1"]',
    )


class DnssecWatch:
    """Tells when validation is missing, and again each day."""

    def __init__(self, resolver: Resolver, events: Emitter, clock: Clock) -> None:
        self._resolver = resolver
        self._events = events
        self._clock = clock
        self._told_at_s: float | None = None

    async def run(self) -> None:
        """One look."""
        found = await look(self._resolver)
        if found is Dnssec.VALIDATED:
            self._told_at_s = None
        if found is not Dnssec.NOT_VALIDATED:
            return
        now_s = self._clock.monotonic_s()
        if self._told_at_s is None or now_s - self._told_at_s >= AGAIN_S:
            self._told_at_s = now_s
            self._events.emit(FaultRaised(fault=FAULT, detail=sentence(found, self._resolver)))
