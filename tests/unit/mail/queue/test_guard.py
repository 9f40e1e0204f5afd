"""DANE on the way out (RFC 7672): what goes where, under which TLS, and what waits."""

import datetime as dt
from pathlib import Path
from typing import NamedTuple

import pytest

from skrytka.mail.queue.guard import Guard
from skrytka.mail.queue.routes import Hop
from skrytka.model.address import Domain
from skrytka.model.dns import Answer, Status, Tlsa
from skrytka.model.envelope import TlsWish
from skrytka.model.errors import Reason, TransientError
from skrytka.model.events import DeliveryDeferred, OutboundTls
from skrytka.model.settings import Route, TlsDemand
from skrytka.net.dns.resolver import Resolver
from skrytka.net.dns.zone import StaticZone
from skrytka.protocol.tlspolicy.policy import NO_POLICY, Level, PolicyType
from skrytka.protocol.tlspolicy.sts import StsPolicy
from tests.support.chains import Issued, issue, tlsa
from tests.support.mx import FakeDelivery
from tests.support.outside import Outside, peer
from tests.support.tls_peer import HOST, ZONE, tls_peer
from tests.unit.mail.world import World

NOW = dt.datetime.fromtimestamp(1_800_000_000, dt.UTC)  # of a FixedClock
ROOT = issue("root", is_authority=True, around=NOW)
LEAF = issue("leaf", ROOT, names=(HOST,), around=NOW)
OTHER = issue("other", ROOT, names=("elsewhere.example",), around=NOW)
EXPIRED = issue("expired", ROOT, names=(HOST,), days=(-20, -1), around=NOW)
STRANGER = issue("stranger", is_authority=True, around=NOW)
PKIX = Tlsa(1, 1, 1, bytes(32))


class Told(NamedTuple):
    """What became of one message."""

    delivered: int
    reason: str  # of the queue's row, "" without one
    events: list[OutboundTls]


async def send(world: World, outside: Outside, delivery: FakeDelivery) -> Told:
    await outside.submit("bob@example.test")
    await outside.courier.run_once()
    rows = await outside.queue()
    told = [event for event in world.events.events if isinstance(event, OutboundTls)]
    return Told(len(delivery.delivered), rows[0].reason if rows else "", told)


async def try_with(
    world: World, folder: Path, chain: tuple[Issued, ...], *records: Tlsa, is_signed: bool = True
) -> Told:
    async with tls_peer(folder, chain) as mx:
        outside = Outside(world, mx.port, resolver=mx.zone(*records, is_signed=is_signed))
        return await send(world, outside, mx.delivery)


@pytest.mark.parametrize(
    ("chain", "record"),
    [
        ((LEAF, ROOT), tlsa(3, 1, 1, LEAF)),
        ((LEAF, ROOT), tlsa(3, 0, 1, LEAF)),
        ((LEAF, ROOT), tlsa(3, 1, 0, LEAF)),
        ((LEAF, ROOT), tlsa(3, 1, 2, LEAF)),
        ((LEAF, ROOT), tlsa(2, 0, 1, ROOT)),
        ((LEAF, ROOT), tlsa(2, 1, 1, ROOT)),
        ((LEAF,), tlsa(2, 0, 0, ROOT)),
        ((OTHER,), tlsa(3, 1, 1, OTHER)),  # names and dates mean nothing to DANE-EE
        ((EXPIRED,), tlsa(3, 1, 1, EXPIRED)),
    ],
)
async def test_a_server_that_its_records_vouch_for_gets_the_mail(
    world: World, tmp_path: Path, chain: tuple[Issued, ...], record: Tlsa
) -> None:
    told = await try_with(world, tmp_path, chain, record)
    assert (told.delivered, told.reason) == (1, "")
    (event,) = told.events
    assert (event.policy_type, event.policy_domain, event.result) == ("tlsa", HOST, "")
    assert (event.domain, event.host, event.address) == ("example.test", HOST, "127.0.0.1")
    assert (event.version, event.is_verified) == ("TLSv1.3", True)


@pytest.mark.parametrize(
    ("chain", "record", "result"),
    [
        ((LEAF, ROOT), tlsa(3, 1, 1, STRANGER), "certificate-not-trusted"),
        ((LEAF, ROOT), tlsa(2, 0, 1, STRANGER), "certificate-not-trusted"),
        ((LEAF,), tlsa(2, 0, 1, ROOT), "certificate-not-trusted"),
        ((OTHER, ROOT), tlsa(2, 0, 1, ROOT), "certificate-host-mismatch"),
        ((EXPIRED, ROOT), tlsa(2, 0, 1, ROOT), "certificate-expired"),
    ],
)
async def test_a_server_that_is_not_the_one_gets_nothing(
    world: World, tmp_path: Path, chain: tuple[Issued, ...], record: Tlsa, result: str
) -> None:
    told = await try_with(world, tmp_path, chain, record)
    assert (told.delivered, told.reason) == (0, "4.7.5")
    (event,) = told.events
    assert (event.result, event.is_verified, event.version) == (result, False, "")
    (deferred,) = [each for each in world.events.events if isinstance(each, DeliveryDeferred)]
    assert deferred.detail.startswith(f"DANE: {HOST} is not proven by TLSA of {HOST}: ")


@pytest.mark.parametrize("record", [tlsa(3, 1, 1, LEAF), PKIX])
async def test_never_back_to_clear_where_there_are_secure_records(world: World, tmp_path: Path, record: Tlsa) -> None:
    """RFC 7672 2.2: STARTTLS is not offered, or was taken out on the way."""
    told = await try_with(world, tmp_path, (), record)
    assert (told.delivered, told.reason) == (0, "4.7.10")
    assert [event.result for event in told.events] == ["starttls-not-supported"]


@pytest.mark.parametrize("answer", [b"220 go\r\n", b"454 4.7.0 not now\r\n"])
async def test_a_handshake_that_fails_is_not_followed_by_clear_text(world: World, answer: bytes) -> None:
    async with peer({"EHLO": b"250-peer\r\n250 STARTTLS\r\n", "STARTTLS": answer}) as mx:
        zone = ZONE.format(port=mx.port, records="  - TLSA: 3 1 1 " + "00" * 32, is_signed="true")
        told = await send(world, Outside(world, mx.port, resolver=StaticZone.parse(zone)), FakeDelivery())
    assert mx.sessions == 1
    assert mx.messages == []
    assert told.reason == "4.7.10"


async def test_unusable_records_ask_for_tls_with_any_certificate(world: World, tmp_path: Path) -> None:
    told = await try_with(world, tmp_path, (STRANGER,), PKIX)
    assert told.delivered == 1
    (event,) = told.events
    assert (event.policy_type, event.result, event.is_verified) == ("tlsa", "", False)


@pytest.mark.parametrize("chain", [(STRANGER,), ()])
async def test_records_that_nobody_vouches_for_are_none(
    world: World, tmp_path: Path, chain: tuple[Issued, ...]
) -> None:
    told = await try_with(world, tmp_path, chain, tlsa(3, 1, 1, LEAF), is_signed=False)
    assert told.delivered == 1
    (event,) = told.events
    assert (event.policy_type, event.is_verified) == ("no-policy-found", False)
    assert event.result == ("" if chain else "starttls-not-supported")


class Failing:
    """Another resolver, but for one type that nobody can answer."""

    def __init__(self, inner: Resolver, rdtype: str) -> None:
        self._inner, self._rdtype = inner, rdtype

    async def query(self, name: Domain | str, rdtype: str) -> Answer:
        if rdtype == self._rdtype:
            raise TransientError(Reason.DNS_FAILURE, "SERVFAIL")
        return await self._inner.query(name, rdtype)


class NoPolicies:
    async def of(self, domain: Domain) -> StsPolicy | None:
        return None


async def test_a_look_up_of_tlsa_that_fails_holds_the_server_up(world: World, tmp_path: Path) -> None:
    async with tls_peer(tmp_path, (LEAF, ROOT)) as mx:
        outside = Outside(world, mx.port, resolver=Failing(mx.zone(), "TLSA"))
        told = await send(world, outside, mx.delivery)
        assert (told.delivered, told.reason) == (0, "4.4.3")
        unsigned = Outside(world, mx.port, resolver=Failing(mx.zone(is_signed=False), "TLSA"))
        world.clock.advance(60)
        await unsigned.courier.run_once()
        assert len(mx.delivery.delivered) == 1  # nobody asks for TLSA in a zone that is not signed


async def test_the_next_server_is_tried(world: World, tmp_path: Path) -> None:
    """RFC 7672 2.1.2 and 2.2: skipped, not given up."""
    async with tls_peer(tmp_path, (STRANGER,)) as mx:
        more = (
            "second.test:\n  - MX: [10, peer.example.test]\n  - MX: [20, plain.test]\nplain.test:\n  - A: 127.0.0.1\n"
        )
        outside = Outside(world, mx.port, resolver=mx.zone(tlsa(3, 1, 1, LEAF), more=more))
        await outside.submit("bob@second.test")
        await outside.courier.run_once()
        told = [event for event in world.events.events if isinstance(event, OutboundTls)]
    assert [(event.host, event.result) for event in told] == [
        (HOST, "certificate-not-trusted"),
        ("plain.test", ""),
    ]


async def test_a_route_asks_for_what_its_setting_says_and_for_no_dane(world: World, tmp_path: Path) -> None:
    async with tls_peer(tmp_path, (STRANGER,)) as mx:
        route = Route(domain="*", host=HOST, port=mx.port)
        outside = Outside(world, mx.port, resolver=mx.zone(tlsa(3, 1, 1, LEAF)), routes=(route,))
        told = await send(world, outside, mx.delivery)
    assert told.delivered == 1
    assert [event.policy_type for event in told.events] == ["no-policy-found"]


@pytest.mark.parametrize(
    "hop",
    [
        Hop(host="192.0.2.1"),
        Hop(host=HOST, is_static=True, is_policy_asked=False),
        Hop(host=HOST),  # by an MX that nobody vouches for
    ],
)
async def test_nobody_is_asked_where_dane_does_not_apply(world: World, hop: Hop) -> None:
    secure = Answer(Status.NOERROR, ("192.0.2.1",), is_authentic=True)
    guard = Guard(Failing(Failing(None, "TLSA"), "CNAME"), world.clock, NoPolicies())  # type: ignore[arg-type]
    assert await guard.policy(hop, (secure,), Domain.parse("example.test")) == NO_POLICY


RIGHT, WRONG = tlsa(3, 1, 1, LEAF), tlsa(3, 1, 1, STRANGER)


@pytest.mark.parametrize(
    ("level", "record", "is_signed", "chain", "expected"),
    [
        ("dane", RIGHT, True, (LEAF,), (1, "")),
        ("dane", WRONG, True, (LEAF,), (0, "4.7.5")),
        ("dane", RIGHT, False, (LEAF,), (0, "4.7.4")),  # DNS that is not signed proves nothing
        ("dane", PKIX, True, (LEAF,), (0, "4.7.4")),
        ("dane", None, True, (LEAF,), (0, "4.7.4")),
        ("proven", RIGHT, True, (LEAF,), (1, "")),
        ("proven", None, True, (LEAF,), (0, "4.7.4")),
        ("encrypt", None, True, (STRANGER,), (1, "")),
        ("encrypt", None, True, (), (0, "4.7.10")),
        ("encrypt", WRONG, True, (LEAF,), (0, "4.7.5")),  # what the owner asks beyond that holds
        ("may", WRONG, True, (LEAF,), (1, "")),
        ("may", RIGHT, True, (), (1, "")),
    ],
)
async def test_a_setting_demands_more_or_less_than_the_owner_of_the_domain(
    world: World,
    tmp_path: Path,
    level: str,
    record: Tlsa | None,
    is_signed: bool,
    chain: tuple[Issued, ...],
    expected: tuple[int, str],
) -> None:
    async with tls_peer(tmp_path, chain) as mx:
        zone = mx.zone(*([record] if record is not None else []), is_signed=is_signed)
        demands = (TlsDemand(domain="*", level="may"), TlsDemand(domain="example.test", level=level))  # type: ignore[arg-type]
        told = await send(world, Outside(world, mx.port, resolver=zone, tls_demands=demands), mx.delivery)
    assert (told.delivered, told.reason) == expected


@pytest.mark.parametrize(("wish", "delivered"), [(TlsWish.USUAL, 0), (TlsWish.OPTIONAL, 0)])
async def test_no_sender_does_without_what_a_setting_demands(
    world: World, tmp_path: Path, wish: TlsWish, delivered: int
) -> None:
    demands = (TlsDemand(domain="example.test", level="dane"),)
    async with tls_peer(tmp_path, (LEAF,)) as mx:
        for resolver in (mx.zone(), Failing(mx.zone(), "TLSA")):
            outside = Outside(world, mx.port, resolver=resolver, tls_demands=demands)
            await outside.submit("bob@example.test", tls_wish=wish)
            await outside.courier.run_once()
        assert len(mx.delivery.delivered) == delivered


@pytest.mark.parametrize(
    ("record", "level", "delivered", "reason"),
    [(RIGHT, None, 1, ""), (WRONG, None, 0, "4.7.5"), (RIGHT, "dane", 1, ""), (None, "dane", 0, "4.7.4")],
)
async def test_a_route_that_says_so_asks_for_tlsa_of_its_host(
    world: World, tmp_path: Path, record: Tlsa | None, level: str | None, delivered: int, reason: str
) -> None:
    async with tls_peer(tmp_path, (LEAF,)) as mx:
        route = Route(domain="*", host=HOST, port=mx.port, is_policy_asked=True)
        demands = (TlsDemand(domain="*", level=level),) if level else ()  # type: ignore[arg-type]
        zone = mx.zone(*([record] if record is not None else []))
        outside = Outside(world, mx.port, resolver=zone, routes=(route,), tls_demands=demands)
        told = await send(world, outside, mx.delivery)
    assert (told.delivered, told.reason) == (delivered, reason)


class Enforced:
    """Whatever the domain, its policy names one server."""

    async def of(self, domain: Domain) -> StsPolicy | None:
        return StsPolicy("enforce", (HOST,), 86_400)


async def test_a_route_that_says_so_asks_for_mta_sts_of_the_domain(world: World) -> None:
    guard = Guard(StaticZone({}), world.clock, Enforced())
    for host, level in ((HOST, Level.PROVEN), ("smarthost.test", Level.FORBIDDEN)):
        hop = Hop(host=host, is_static=True, is_policy_asked=True)
        found = await guard.policy(hop, (), Domain.parse("example.test"))
        assert (found.kind, found.level) == (PolicyType.STS, level)
