"""Whether DNS is validated here, and how that is told."""

import pytest

from skrytka.daemon.dnssec import AGAIN_S, Dnssec, DnssecWatch, look, sentence
from skrytka.model.clock import FixedClock
from skrytka.model.dns import Server
from skrytka.model.errors import Reason, TransientError
from skrytka.model.events import FaultRaised
from skrytka.net.dns.stub import StubResolver
from skrytka.net.dns.zone import StaticZone
from tests.unit.mail.support import CountingRandom, Recorder


class Told(StubResolver):
    """Says what a test wants."""

    def __init__(self, answer: bool | None) -> None:
        super().__init__([Server("127.0.0.1"), Server("192.0.2.1")], FixedClock(), CountingRandom())
        self.answer = answer

    async def is_validating(self) -> bool:
        if self.answer is None:
            raise TransientError(Reason.DNS_TIMEOUT)
        return self.answer


@pytest.mark.parametrize(
    ("resolver", "expected", "words"),
    [
        (Told(answer=True), Dnssec.VALIDATED, "protected by DANE"),
        (Told(answer=False), Dnssec.NOT_VALIDATED, "NOT protected by DANE"),
        (Told(answer=None), Dnssec.NO_ANSWER, "does not answer"),
        (StaticZone({}), Dnssec.ZONE_FILE, "zone file"),
    ],
)
async def test_what_is_seen_is_said(resolver: Told | StaticZone, expected: Dnssec, words: str) -> None:
    found = await look(resolver)
    assert found is expected
    said = sentence(found, resolver)
    assert words in said
    assert ("127.0.0.1, 192.0.2.1" in said) is isinstance(resolver, Told)


async def test_missing_validation_is_told_at_once_and_each_day() -> None:
    resolver, events, clock = Told(answer=False), Recorder(), FixedClock()
    watch = DnssecWatch(resolver, events, clock)
    for answer, seconds, told in (
        (False, 0, 1),
        (False, 600, 1),
        (False, AGAIN_S, 2),
        (None, AGAIN_S, 2),
        (True, 600, 2),
        (False, 600, 3),
    ):
        resolver.answer = answer
        clock.advance(seconds)
        await watch.run()
        assert len(events.events) == told
    assert all(isinstance(event, FaultRaised) and event.fault == "F-dnssec" for event in events.events)
