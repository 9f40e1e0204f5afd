import pytest

from skrytka.model.dns import Answer, Record, Status, Tlsa
from skrytka.model.errors import Reason, TransientError
from skrytka.net.acme.rollover import Ground, IsValidating, judge, look
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


async def yes() -> bool:
    return True


async def no() -> bool:
    return False


async def unknown() -> bool:
    raise TransientError(Reason.DNS_TIMEOUT)


async def test_a_dns_that_does_not_say_is_no_yes() -> None:
    class Silent:
        async def query(self, name: object, rdtype: str) -> Answer:
            raise TransientError(Reason.DNS_TIMEOUT)

    sight = await look(Silent(), "mail.example.test", NEXT, seen_ms=5, now_ms=NOW_MS, is_validating=yes)
    assert (sight.ground, sight.seen_ms, sight.may_roll) == (Ground.UNKNOWN, 5, False)


async def test_port_25_is_asked_about() -> None:
    zone = StaticZone({"_25._tcp.mail.example.test": {"TLSA": (Tlsa(3, 1, 1, OLD),)}})
    for host, ground in (("mail.example.test", Ground.MISSING), ("other.example.test", Ground.FREE)):
        assert (await look(zone, host, NEXT, seen_ms=0, now_ms=NOW_MS, is_validating=yes)).ground is ground


@pytest.mark.parametrize(
    ("records", "is_signed", "is_validating", "ground"),
    [
        ((), True, no, Ground.FREE),  # a signed "no TLSA", which nobody forges
        ((), False, yes, Ground.FREE),  # an unsigned zone, proven to be one
        ((), False, no, Ground.UNPROVEN),  # anybody may have said that
        ((), False, unknown, Ground.UNKNOWN),
        ((Tlsa(3, 1, 1, NEXT),), True, no, Ground.SHOWN),
        ((Tlsa(3, 1, 1, NEXT),), False, no, Ground.UNPROVEN),
        ((Tlsa(3, 1, 1, OLD),), False, no, Ground.MISSING),  # refused already
    ],
)
async def test_no_key_is_changed_on_the_word_of_a_resolver_that_does_not_validate(
    records: tuple[Tlsa, ...], is_signed: bool, is_validating: IsValidating, ground: Ground
) -> None:
    class Saying:
        async def query(self, name: object, rdtype: str) -> Answer:
            return Answer(Status.NOERROR, records, is_authentic=is_signed, ttl_s=60)

    long_ago_ms = NOW_MS - HOUR_MS
    sight = await look(Saying(), "m.test", NEXT, seen_ms=long_ago_ms, now_ms=NOW_MS, is_validating=is_validating)
    assert sight.ground is ground
    assert sight.may_roll is (ground in (Ground.FREE, Ground.SHOWN))
