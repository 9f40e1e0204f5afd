import pytest

from skrytka.model.dns import Answer, Record, Status, Tlsa
from skrytka.model.errors import Reason, TransientError
from skrytka.net.acme.rollover import Ground, judge, look
from skrytka.net.dns.zone import StaticZone

NEXT, OLD = b"n" * 32, b"o" * 32
NOW_MS = 1_800_000_000_000
HOUR_MS = 3_600_000


def answer(*records: Record) -> Answer:
    return Answer(Status.NOERROR if records else Status.NXDOMAIN, records, ttl_s=3600)


@pytest.mark.parametrize(
    ("found", "seen_ms", "ground", "since_ms"),
    [
        (answer(), 0, Ground.FREE, 0),
        (answer(), NOW_MS - HOUR_MS, Ground.FREE, 0),
        (answer(Tlsa(2, 1, 1, OLD)), 0, Ground.FREE, 0),  # an authority: any key of it will do
        (answer(Tlsa(3, 1, 1, OLD)), 0, Ground.MISSING, 0),
        (answer(Tlsa(3, 1, 1, OLD)), NOW_MS - 9 * HOUR_MS, Ground.MISSING, 0),
        (answer(Tlsa(3, 0, 1, NEXT), Tlsa(3, 1, 2, NEXT)), 0, Ground.MISSING, 0),
        (answer(Tlsa(3, 1, 1, OLD), Tlsa(3, 1, 1, NEXT)), 0, Ground.WAITING, NOW_MS),
        (answer(Tlsa(3, 1, 1, NEXT)), NOW_MS - 2 * HOUR_MS + 1, Ground.WAITING, NOW_MS - 2 * HOUR_MS + 1),
        (answer(Tlsa(3, 1, 1, NEXT)), NOW_MS - 2 * HOUR_MS, Ground.SHOWN, NOW_MS - 2 * HOUR_MS),
        (answer(Tlsa(3, 1, 1, NEXT)), NOW_MS + 9 * HOUR_MS, Ground.WAITING, NOW_MS),  # the clock was set back
    ],
)
def test_which_key_may_be_served(found: Answer, seen_ms: int, ground: Ground, since_ms: int) -> None:
    sight = judge(found, NEXT, seen_ms=seen_ms, now_ms=NOW_MS)
    assert (sight.ground, sight.seen_ms) == (ground, since_ms)
    assert sight.may_roll is (ground in (Ground.FREE, Ground.SHOWN))


async def test_a_dns_that_does_not_say_is_no_yes() -> None:
    class Silent:
        async def query(self, name: object, rdtype: str) -> Answer:
            raise TransientError(Reason.DNS_TIMEOUT)

    sight = await look(Silent(), "mail.example.test", NEXT, seen_ms=5, now_ms=NOW_MS)
    assert (sight.ground, sight.seen_ms, sight.may_roll) == (Ground.UNKNOWN, 5, False)


async def test_port_25_is_asked_about() -> None:
    zone = StaticZone({"_25._tcp.mail.example.test": {"TLSA": (Tlsa(3, 1, 1, OLD),)}})
    assert (await look(zone, "mail.example.test", NEXT, seen_ms=0, now_ms=NOW_MS)).ground is Ground.MISSING
    assert (await look(zone, "other.example.test", NEXT, seen_ms=0, now_ms=NOW_MS)).ground is Ground.FREE
