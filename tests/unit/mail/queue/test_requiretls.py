"""REQUIRETLS hop by hop, and mail that does without TLS (RFC 8689 4.2, 5)."""

import datetime as dt
from pathlib import Path

import pytest

from skrytka.model.envelope import Ret, TlsWish
from skrytka.model.events import OutboundTls
from skrytka.model.settings import Route
from skrytka.net.dns.zone import StaticZone
from tests.support.chains import Issued, issue, tlsa, write_chain
from tests.support.outside import Outside, peer
from tests.support.tls_peer import HOST, ZONE, Peer, tls_peer
from tests.unit.mail.world import MESSAGE, World

NOW = dt.datetime.fromtimestamp(1_800_000_000, dt.UTC)  # of a world's clock; OpenSSL has the machine's
SPAN = (-400, 400)
ROOT = issue("root", is_authority=True, around=NOW, days=SPAN)
LEAF = issue("leaf", ROOT, names=(HOST,), around=NOW, days=SPAN)
STRANGER = issue("stranger", names=(HOST,), around=NOW, days=SPAN)
NO_TLS_NEEDED = MESSAGE.replace(b"Subject: ", b"TLS-Required: No\r\nSubject: ", 1)
REQUIRED = TlsWish.REQUIRED


def outside(world: World, folder: Path, mx: Peer, zone: StaticZone, **more: object) -> Outside:
    write_chain(folder, ROOT, stem="ca")
    return Outside(world, mx.port, resolver=zone, ca_file=str(folder / "ca.pem"), **more)  # type: ignore[arg-type]


def wishes(mx: Peer) -> list[TlsWish]:
    return [facts.tls_wish for facts, _names, _octets in mx.delivery.delivered]


@pytest.mark.parametrize("by", ["dane", "authority"])
async def test_a_proven_server_that_offers_it_gets_it_with_the_demand(world: World, tmp_path: Path, by: str) -> None:
    async with tls_peer(tmp_path, (LEAF, ROOT)) as mx:
        zone = mx.zone(tlsa(3, 1, 1, LEAF)) if by == "dane" else mx.zone()
        sending = outside(world, tmp_path, mx, zone)
        await sending.submit("bob@example.test", tls_wish=REQUIRED)
        await sending.courier.run_once()
        assert wishes(mx) == [REQUIRED]
    (event,) = [event for event in world.events.events if isinstance(event, OutboundTls)]
    assert event.is_verified


@pytest.mark.parametrize(
    ("chain", "is_signed", "status"),
    [
        ((STRANGER,), True, b"5.7.10"),  # nobody vouches for its certificate
        ((), True, b"5.7.10"),  # no TLS
        ((LEAF, ROOT), False, b"5.7.30"),  # nobody vouches for its name
    ],
)
async def test_without_proof_it_comes_back_without_its_body(
    world: World, tmp_path: Path, chain: tuple[Issued, ...], is_signed: bool, status: bytes
) -> None:
    async with tls_peer(tmp_path, chain) as mx:
        sending = outside(world, tmp_path, mx, mx.zone(is_signed=is_signed))
        await sending.submit("bob@example.test", tls_wish=REQUIRED, ret=Ret.FULL)
        await sending.courier.run_once()
        assert wishes(mx) == []
    assert await sending.queue() == []
    (report,) = await world.inbox()
    assert b"Status: " + status in report
    assert b"text/rfc822-headers" in report
    assert MESSAGE.partition(b"\r\n\r\n")[2].strip() not in report


async def test_a_server_that_does_not_offer_it_is_not_given_the_message(world: World, tmp_path: Path) -> None:
    from skrytka.protocol.smtp import extensions

    async with tls_peer(tmp_path, (LEAF, ROOT)) as mx:
        sending = outside(world, tmp_path, mx, mx.zone(tlsa(3, 1, 1, LEAF)))
        await sending.submit("bob@example.test", tls_wish=REQUIRED)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(extensions.Extensions, "is_requiretls", property(lambda _self: False))
            await sending.courier.run_once()
        assert wishes(mx) == []
    (report,) = await world.inbox()
    assert b"Status: 5.7.30" in report


async def test_a_server_that_is_not_there_is_no_refusal(world: World, tmp_path: Path) -> None:
    async with tls_peer(tmp_path, (LEAF, ROOT)) as mx:
        sending = outside(world, tmp_path, mx, mx.zone(tlsa(3, 1, 1, LEAF)))
    await sending.submit("bob@example.test", tls_wish=REQUIRED)
    await sending.courier.run_once()
    (row,) = await sending.queue()
    assert row.reason == "4.4.1"


async def test_a_report_goes_where_it_must_and_says_it_where_it_can(world: World, tmp_path: Path) -> None:
    """RFC 8689 5: with an empty reverse path it is not given up."""
    async with tls_peer(tmp_path, (LEAF, ROOT)) as mx:
        for zone, wish in ((mx.zone(tlsa(3, 1, 1, LEAF)), REQUIRED), (mx.zone(is_signed=False), TlsWish.USUAL)):
            sending = outside(world, tmp_path, mx, zone)
            await sending.submit("bob@example.test", sender="", tls_wish=REQUIRED)
            await sending.courier.run_once()
            assert wishes(mx)[-1] is wish
    assert len(mx.delivery.delivered) == 2


@pytest.mark.parametrize("tls", ["opportunistic", "required", "never"])
async def test_a_route_is_a_sure_name_and_still_has_to_prove_it(world: World, tmp_path: Path, tls: str) -> None:
    async with tls_peer(tmp_path, (LEAF, ROOT)) as mx:
        write_chain(tmp_path, ROOT, stem="ca")
        route = Route(domain="*", host=HOST, port=mx.port, tls=tls, ca_file=str(tmp_path / "ca.pem"))  # type: ignore[arg-type]
        sending = outside(world, tmp_path, mx, mx.zone(), routes=(route,))
        await sending.submit("bob@example.test", tls_wish=REQUIRED)
        await sending.courier.run_once()
        assert wishes(mx) == ([] if tls == "never" else [REQUIRED])


async def test_connections_are_shared_by_messages_of_the_same_wish_only(world: World, tmp_path: Path) -> None:
    """A connection that was opened for who does without TLS is none for anybody else."""
    async with tls_peer(tmp_path, (STRANGER,)) as mx:
        sending = outside(world, tmp_path, mx, mx.zone(tlsa(3, 1, 1, LEAF)), connections_per_destination=1)
        await sending.submit("bob@example.test", message=NO_TLS_NEEDED)
        await sending.submit("bob@example.test")
        await sending.submit("bob@example.test", message=NO_TLS_NEEDED)
        await sending.courier.run_once()
        assert len(mx.delivery.delivered) == 2
    rows = await sending.queue()
    assert [row.reason for row in rows] == ["4.7.5"]


@pytest.mark.parametrize("answers", [{}, {"EHLO": b"250-mx\r\n250 STARTTLS\r\n", "STARTTLS": b"220 go\r\n"}])
async def test_who_does_without_tls_is_delivered_whatever_the_policy_says(
    world: World, answers: dict[str, bytes]
) -> None:
    async with peer(answers) as mx:
        zone = ZONE.format(port=mx.port, records="  - TLSA: 3 1 1 " + "00" * 32, is_signed="true")
        sending = Outside(world, mx.port, resolver=StaticZone.parse(zone))
        await sending.submit("bob@example.test", message=NO_TLS_NEEDED)
        await sending.courier.run_once()
    assert len(mx.messages) == 1
    (event,) = [event for event in world.events.events if isinstance(event, OutboundTls)]
    assert (event.policy_type, bool(event.result)) == ("tlsa", True)


async def test_its_report_does_without_tls_too(world: World) -> None:
    async with peer({"RCPT": b"550 5.1.1 nobody\r\n"}) as mx:
        sending = Outside(world, mx.port)
        await sending.submit("x@example.net", message=NO_TLS_NEEDED)
        await sending.courier.run_once()
    (report,) = await world.inbox()
    assert report.partition(b"\r\n\r\n")[0].count(b"\r\nTLS-Required: No") == 1
