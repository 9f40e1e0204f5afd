"""Which servers, as a table (RFC 5321 5.1, RFC 7505)."""

import pytest

from skrytka.mail.queue.routes import Hop, Routes
from skrytka.model.address import Domain
from skrytka.model.dns import Answer
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.settings import Outbound, Route
from skrytka.net.dns.zone import StaticZone
from tests.support.outside import ZONE
from tests.unit.mail.support import CountingRandom

MORE = """
equal.example.org:
  - MX: [10, a.example.org]
  - MX: [10, b.example.org]
  - MX: [20, c.example.org]
many.example.org:
  - AAAA: 2001:db8::1
  - AAAA: 2001:db8::2
  - AAAA: 2001:db8::3
  - AAAA: 2001:db8::4
  - A: 192.0.2.1
partly.example.org:
  - MX: [5, a.example.org]
  - MX: [10, mx.example.test]
  - MX: [20, c.example.org]
"""


class Away:
    """A resolver that nobody answers."""

    def __init__(self, *, has_mx: bool = False) -> None:
        self._has_mx = has_mx

    async def query(self, name: Domain | str, rdtype: str) -> Answer:
        raise TransientError(Reason.DNS_TIMEOUT)


def routes(*static: Route) -> Routes:
    return Routes(Outbound(routes=static), StaticZone.parse(ZONE + MORE), "mx.example.test", CountingRandom())


async def hosts(domain: str, *static: Route) -> list[str]:
    return [hop.host for hop in await routes(*static).hops(Domain.parse(domain))]


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("example.net", ["mx.example.net"]),
        ("two.example.net", ["dead.example.net", "mx.example.net"]),
        ("plain.example.net", ["plain.example.net"]),
        ("partly.example.org", ["a.example.org"]),
    ],
)
async def test_mx_by_preference_or_the_domain_itself(domain: str, expected: list[str]) -> None:
    assert await hosts(domain) == expected


async def test_equal_servers_share_the_load_and_worse_ones_come_after() -> None:
    found = await hosts("equal.example.org")
    assert sorted(found[:2]) == ["a.example.org", "b.example.org"]
    assert found[2] == "c.example.org"


@pytest.mark.parametrize(
    ("domain", "reason"),
    [
        ("null.example.net", Reason.RELAY_DENIED),
        ("gone.example.org", Reason.NO_SUCH_DOMAIN),
        ("bare.example.net", Reason.NO_SUCH_DOMAIN),
        ("loop.example.net", Reason.MAIL_LOOP),
    ],
)
async def test_a_domain_without_a_server_is_refused_for_good(domain: str, reason: Reason) -> None:
    with pytest.raises(PermanentError) as caught:
        await hosts(domain)
    assert caught.value.reason is reason


async def test_dns_that_does_not_answer_is_no_answer() -> None:
    away = Routes(Outbound(), Away(), "mx.example.test", CountingRandom())
    with pytest.raises(TransientError) as caught:
        await away.hops(Domain.parse("example.net"))
    assert caught.value.reason is Reason.DNS_TIMEOUT
    with pytest.raises(TransientError):
        await away.locate(Hop(host="mx.example.net"))


STATIC = (
    Route(domain="*", host="smart.example.org", port=587, tls="required"),
    Route(domain=".example.net", host="below.example.org"),
    Route(domain="example.net", host="own.example.org"),
    Route(domain=".deep.example.net", host="deep.example.org"),
)


@pytest.mark.parametrize(
    ("domain", "host"),
    [
        ("example.net", "own.example.org"),
        ("a.example.net", "below.example.org"),
        ("a.deep.example.net", "deep.example.org"),
        ("other.example.com", "smart.example.org"),
        ("notexample.net", "smart.example.org"),
    ],
)
async def test_the_most_exact_static_route_wins(domain: str, host: str) -> None:
    assert await hosts(domain, *STATIC) == [host]


def test_a_smarthost_is_one_destination_for_all_domains() -> None:
    smart = routes(STATIC[0])
    assert {smart.destination(Domain.parse(name)) for name in ("a.example", "b.example")} == {"smart.example.org:587"}
    assert routes().destination(Domain.parse("a.example")) == "a.example"


async def test_a_server_with_many_ipv6_addresses_is_tried_by_ipv4_too() -> None:
    found = (await routes().locate(Hop(host="many.example.org"))).addresses
    assert found == ["2001:db8::1", "192.0.2.1", "2001:db8::2", "2001:db8::3"]


async def test_addresses_of_a_server() -> None:
    assert (await routes().locate(Hop(host="mx.example.net"))).addresses == ["127.0.0.1"]
    assert (await routes().locate(Hop(host="192.0.2.1"))).addresses == ["192.0.2.1"]
    assert (await routes().locate(Hop(host="2001:db8::1"))).addresses == ["2001:db8::1"]
    with pytest.raises(TransientError) as caught:
        await routes().locate(Hop(host="a.example.org"))
    assert caught.value.reason is Reason.UNREACHABLE


@pytest.mark.parametrize(
    ("domain", "address"),
    [("[192.0.2.1]", "192.0.2.1"), ("[IPv6:2001:DB8::1]", "2001:db8::1"), ("[192.0.2.9]", "route")],
)
async def test_an_address_literal_is_its_own_server_unless_a_route_has_it(domain: str, address: str) -> None:
    settings = Outbound(routes=(Route(domain="[192.0.2.9]", host="route"),))
    found = Routes(settings, Away(), "mx.example.test", CountingRandom())
    (hop,) = await found.hops(Domain.parse(domain))
    assert (hop.host, hop.is_static) == (address, address == "route")
    if not hop.is_static:
        assert (await found.locate(hop)).addresses == [address]  # DNS is not asked


async def test_names_that_lead_to_others_are_followed() -> None:
    zone = StaticZone.parse(
        """
alias.example.org:
  - CNAME: real.example.org
real.example.org:
  - MX: [10, mail.example.org]
mail.example.org:
  - CNAME: host.example.org
host.example.org:
  - A: 192.0.2.7
"""
    )
    found = Routes(Outbound(), zone, "mx.example.test", CountingRandom())
    (hop,) = await found.hops(Domain.parse("alias.example.org"))  # RFC 5321 5.1: the name it leads to is meant
    assert (await found.locate(hop)).addresses == ["192.0.2.7"]


async def test_of_our_own_preference_and_beyond_nothing_is_tried() -> None:
    zone = StaticZone.parse(
        """
backup.example.org:
  - MX: [10, first.example.org]
  - MX: [20, MX.example.test]
  - MX: [20, beside.example.org]
  - MX: [30, later.example.org]
"""
    )
    found = Routes(Outbound(), zone, "mx.example.test", CountingRandom())
    assert [hop.host for hop in await found.hops(Domain.parse("backup.example.org"))] == ["first.example.org"]


SIGNED = """
example.org:
  - AD: true
  - MX: [10, mx.example.org]
  - MX: [20, 192.0.2.1]
alias.example.org:
  - CNAME: example.org
plain.example.org:
  - A: 192.0.2.7
unsigned.example:
  - MX: [10, mx.example.org]
"""


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("example.org", [("mx.example.org", True, ("example.org",)), ("192.0.2.1", False, ("example.org",))]),
        (
            "alias.example.org",
            [
                ("mx.example.org", True, ("alias.example.org", "example.org")),
                ("192.0.2.1", False, ("alias.example.org", "example.org")),
            ],
        ),
        ("plain.example.org", [("plain.example.org", True, ("plain.example.org",))]),
        ("unsigned.example", [("mx.example.org", False, ())]),  # RFC 7672 2.2.1
        ("[192.0.2.1]", [("192.0.2.1", False, ())]),  # RFC 7672 2.2
    ],
)
async def test_dane_is_for_names_that_were_learnt_securely(
    domain: str, expected: list[tuple[str, bool, tuple[str, ...]]]
) -> None:
    found = Routes(Outbound(), StaticZone.parse(SIGNED), "mx.example.test", CountingRandom())
    hops = await found.hops(Domain.parse(domain))
    assert [(hop.host, hop.is_dane, hop.next_hops) for hop in hops] == expected
    assert all(not answer.is_authentic for answer in (await found.locate(Hop(host="192.0.2.1"))).answers)
