"""From server to server: TLS, logins, and who is tried next."""

import dataclasses
from pathlib import Path as FilePath
from typing import Literal

import pytest

from skrytka.mail.queue.outbound import OutboundCourier
from skrytka.model.events import MessageRelayed
from skrytka.model.limits import SmtpLimits
from skrytka.model.settings import Route
from skrytka.net.client_tls import ClientTls
from skrytka.net.dns.zone import StaticZone
from skrytka.net.tls import CertificateFiles, TlsStore
from skrytka.servers.mx import serve_mx
from skrytka.servers.mx_deps import MxDeps
from tests.support.certificates import write_certificate
from tests.support.mx import FakeDelivery, FakeRecipients
from tests.support.outside import Outside, peer
from tests.unit.mail.world import MESSAGE, World
from tests.unit.net.harness import Zeros, make_store, serving

STARTTLS = b"250-mx.example.net\r\n250 STARTTLS\r\n"


async def test_mail_goes_under_tls_where_it_is_offered(world: World, tmp_path: FilePath) -> None:
    recipients, delivery = FakeRecipients(), FakeDelivery()
    late: list[MxDeps] = []
    async with serving(lambda conn: serve_mx(conn, late[0]), tls=make_store(tmp_path)) as net:
        late.append(
            MxDeps(
                recipients=recipients,
                delivery=delivery,
                events=net.recorder,
                clock=net.clock,
                random=Zeros(),
                limits=SmtpLimits(),
                hostname="mx.example.net",
            )
        )
        route = Route(domain="*", host="127.0.0.1", port=net.port)
        outside = Outside(world, 1, routes=(route,))
        await outside.submit("bob@example.test")
        await outside.courier.run_once()
    ((facts, names, octets),) = delivery.delivered
    assert facts.protocol == "ESMTPS"
    assert names == ("bob@example.test",)
    assert octets.endswith(MESSAGE)
    (relayed,) = [event for event in world.events.events if isinstance(event, MessageRelayed)]
    assert relayed.tls.startswith("TLSv1.3 ")


async def test_a_certificate_that_nobody_vouches_for_is_not_enough_where_it_must_be_proven(
    world: World, tmp_path: FilePath
) -> None:
    late: list[MxDeps] = []
    delivery = FakeDelivery()
    async with serving(lambda conn: serve_mx(conn, late[0]), tls=make_store(tmp_path)) as net:
        late.append(
            MxDeps(
                recipients=FakeRecipients(),
                delivery=delivery,
                events=net.recorder,
                clock=net.clock,
                random=Zeros(),
                limits=SmtpLimits(),
                hostname="mx.example.net",
            )
        )
        outside = Outside(world, 1, routes=(Route(domain="*", host="127.0.0.1", port=net.port, tls="required"),))
        await outside.submit("bob@example.test")
        await outside.courier.run_once()
    assert delivery.delivered == []
    (row,) = await outside.queue()
    assert row.reason == "4.7.0"


@pytest.mark.parametrize("answer", [b"220 go\r\n", b"454 4.7.0 not now\r\n"])
async def test_a_handshake_that_fails_is_followed_by_clear_text(world: World, answer: bytes) -> None:
    async with peer({"EHLO": STARTTLS, "STARTTLS": answer}) as mx:
        outside = Outside(world, mx.port)
        await outside.submit("x@example.net")
        await outside.courier.run_once()
    assert len(mx.messages) == 1
    assert mx.sessions == (2 if answer.startswith(b"220") else 1)


async def test_a_route_that_forbids_tls_does_not_ask_for_it(world: World) -> None:
    async with peer({"EHLO": STARTTLS}) as mx:
        outside = Outside(world, 1, routes=(Route(domain="*", host="127.0.0.1", port=mx.port, tls="never"),))
        await outside.submit("x@example.net")
        await outside.courier.run_once()
    assert "STARTTLS" not in mx.lines
    assert len(mx.messages) == 1


async def test_a_password_that_is_not_there_defers(world: World) -> None:
    async with peer() as mx:
        route = Route(domain="*", host="127.0.0.1", port=mx.port, tls="required", username="u", password_file="gone")
        outside = Outside(world, 1, routes=(route,))
        await outside.submit("x@example.net")
        await outside.courier.run_once()
    (row,) = await outside.queue()
    assert row.attempts == 1
    assert mx.messages == []


async def test_after_a_lost_reply_to_the_message_no_other_server_gets_it(world: World) -> None:
    from tests.support.outside import CLOSE

    async with peer({".": CLOSE}) as mx:
        outside = Outside(world, mx.port)
        await outside.submit("x@two.example.net", "y@example.net")
        await outside.courier.run_once()
        assert len(mx.messages) == 2  # one for each destination, and none twice
    assert [row.attempts for row in await outside.queue()] == [1, 1]


async def test_a_server_that_turns_out_to_be_this_one_is_a_loop(world: World) -> None:
    ours = b"250-MX.example.test Hello\r\n250 SIZE 1000\r\n"
    async with peer({"EHLO": ours}) as mx:
        outside = Outside(world, mx.port)
        await outside.submit("x@example.net", "y@[127.0.0.1]")
        await outside.courier.run_once()
        reports = await world.inbox()
        assert sorted(report.count(b"Status: 5.4.6") for report in reports) == [1, 1]
        assert mx.messages == []
        routed = Outside(world, 1, routes=(Route(domain="*", host="127.0.0.1", port=mx.port),))
        await routed.submit("x@example.net")
        await routed.courier.run_once()
    assert len(mx.messages) == 1  # who writes a route knows where it leads


class Named(Outside):
    """Its routes may name files of this folder."""

    def __init__(self, world: World, folder: FilePath, route: Route) -> None:
        super().__init__(world, 1, routes=(route,))
        opener = dataclasses.replace(self.opener, tls=ClientTls(folder))
        self.paths = dataclasses.replace(self.paths, opener=opener)
        self.courier = OutboundCourier(dataclasses.replace(self.courier._deps, paths=self.paths))


@pytest.mark.parametrize("tls", ["implicit", "required"])
async def test_a_certificate_of_the_routes_own_authority_is_proven(
    world: World, tmp_path: FilePath, tls: Literal["implicit", "required"]
) -> None:
    late: list[MxDeps] = []
    delivery = FakeDelivery()
    certificate, key = write_certificate(tmp_path, "localhost")
    store = TlsStore([CertificateFiles(certificate, key)])
    serve = serving(lambda conn: serve_mx(conn, late[0]), tls=store, is_implicit_tls=tls == "implicit")
    async with serve as net:
        late.append(
            MxDeps(
                recipients=FakeRecipients(),
                delivery=delivery,
                events=net.recorder,
                clock=net.clock,
                random=Zeros(),
                limits=SmtpLimits(),
                hostname="mx.example.net",
            )
        )
        route = Route(domain="*", host="localhost", port=net.port, tls=tls, ca_file=certificate.name)
        outside = Named(world, certificate.parent, route)
        outside.routes._resolver = StaticZone.parse("localhost:\n  - A: 127.0.0.1\n")
        await outside.submit("bob@example.test")
        await outside.courier.run_once()
    ((facts, _names, _octets),) = delivery.delivered
    assert facts.protocol == "ESMTPS"
