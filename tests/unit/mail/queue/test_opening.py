"""A session with a server, opened and told."""

import dataclasses
from pathlib import Path

import pytest

from skrytka.mail.queue.handshake import TlsFailedError
from skrytka.mail.queue.opening import Wanted
from skrytka.mail.queue.routes import Hop
from skrytka.mail.queue.transmit import Transmitter
from skrytka.model.errors import Reason, TransientError
from skrytka.model.events import OutboundTls
from skrytka.model.ids import TraceId
from skrytka.model.secret import Secret
from skrytka.protocol.tlspolicy.policy import NO_POLICY, HostPolicy, Level, PolicyType
from tests.support.chains import issue
from tests.support.outside import Outside, peer
from tests.support.tls_peer import tls_peer
from tests.unit.mail.world import World

STARTTLS = b"250-mx.example.net\r\n250 STARTTLS\r\n"
TRACE = TraceId(bytes(16))
ENCRYPTED = HostPolicy(level=Level.ENCRYPTED, kind=PolicyType.TLSA, domain="mx", names=("mx",), strings=("0 0 1 00",))


async def opened(world: World, hop: Hop, policy: HostPolicy = NO_POLICY) -> Transmitter:
    opener = Outside(world, hop.port).opener
    return await opener.open(Wanted(hop=hop, address="127.0.0.1", policy=policy, domain="example.net", trace=TRACE))


def told(world: World) -> list[tuple[str, str, str, bool]]:
    events = [event for event in world.events.events if isinstance(event, OutboundTls)]
    assert {(event.trace, event.domain, event.address) for event in events} <= {(TRACE, "example.net", "127.0.0.1")}
    return [(event.policy_type, event.result, event.version, event.is_verified) for event in events]


async def test_tls_with_whatever_certificate_is_told_as_not_proven(world: World, tmp_path: Path) -> None:
    async with tls_peer(tmp_path, (issue("nobody"),)) as mx:
        transmitter = await opened(world, Hop(host="mx", port=mx.port))
        assert transmitter.is_usable
        await transmitter.close()
    assert told(world) == [("no-policy-found", "", "TLSv1.3", False)]


async def test_clear_text_has_no_version_and_a_reason(world: World) -> None:
    async with peer() as mx:
        await (await opened(world, Hop(host="mx", port=mx.port))).close()
    assert told(world) == [("no-policy-found", "starttls-not-supported", "", False)]


async def test_clear_text_by_a_routes_wish_is_no_failure(world: World) -> None:
    async with peer({"EHLO": STARTTLS}) as mx:
        await (await opened(world, Hop(host="mx", port=mx.port, tls="never"))).close()
    assert told(world) == [("no-policy-found", "", "", False)]


async def test_a_broken_handshake_and_the_clear_session_after_it_are_one_event(world: World) -> None:
    async with peer({"EHLO": STARTTLS, "STARTTLS": b"220 go\r\n"}) as mx:
        await (await opened(world, Hop(host="mx", port=mx.port))).close()
    assert mx.sessions == 2
    assert told(world) == [("no-policy-found", "validation-failure", "", False)]


async def test_what_a_policy_forbids_is_told_and_raised(world: World) -> None:
    async with peer() as mx:
        with pytest.raises(TlsFailedError):
            await opened(world, Hop(host="mx", port=mx.port), ENCRYPTED)
    assert told(world) == [("tlsa", "starttls-not-supported", "", False)]
    (event,) = [event for event in world.events.events if isinstance(event, OutboundTls)]
    assert (event.policy_domain, event.policy_strings) == ("mx", ("0 0 1 00",))
    assert event.local == "127.0.0.1"  # sending-mta-ip of a report


async def test_a_session_tells_which_address_of_ours_it_has(world: World) -> None:
    async with peer() as mx:
        await (await opened(world, Hop(host="mx", port=mx.port))).close()
    assert [event.local for event in world.events.events if isinstance(event, OutboundTls)] == ["127.0.0.1"]


async def test_a_server_that_is_not_there_is_no_event(world: World) -> None:
    async with peer() as mx:
        port = mx.port
    with pytest.raises(TransientError) as caught:
        await opened(world, Hop(host="mx", port=port), ENCRYPTED)
    assert caught.value.reason is Reason.UNREACHABLE
    assert told(world) == []


@pytest.mark.parametrize(
    "error", [FileNotFoundError(2, "not there", "gone"), UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad")]
)
async def test_a_password_that_cannot_be_read_is_a_matter_of_settings(world: World, error: Exception) -> None:
    def gone(name: str) -> Secret:
        raise error

    async with peer() as mx:
        opener = dataclasses.replace(Outside(world, 1).opener, passwords=gone)
        hop = Hop(host="mx", port=mx.port, username="u", password_file="gone")
        with pytest.raises(TransientError) as caught:
            await opener.open(Wanted(hop=hop, address="127.0.0.1", policy=NO_POLICY, domain="x", trace=TRACE))
    assert caught.value.reason is Reason.BAD_CONFIG
