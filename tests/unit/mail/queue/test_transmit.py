"""What one session says to servers of different abilities."""

import asyncio

import pytest

from skrytka.mail.queue.handshake import Handshake
from skrytka.mail.queue.transmit import HopRefusedError, Transmitter
from skrytka.model.envelope import BodyType
from skrytka.model.events import MessageRelayed
from skrytka.model.settings import Route
from skrytka.net.connection import Connection
from skrytka.protocol.tlspolicy.policy import NO_POLICY
from tests.support.outside import CHUNKING, CLOSE, EHLO, HANG, Outside, peer, to, turns
from tests.unit.mail.world import MESSAGE, World

BARE = b"250 mx.example.net\r\n"
UTF8 = EHLO.replace(b"250 ENHANCED", b"250-SMTPUTF8\r\n250 ENHANCED")
DOTS = MESSAGE + b".\r\n..\r\n.x\r\n\r\n.\r\nMAIL FROM:<evil@example.org>\r\n"


async def statuses(world: World) -> list[bytes]:
    return [line for report in await world.inbox() for line in report.split(b"\r\n") if line.startswith(b"Status: ")]


async def test_dots_arrive_as_they_were_and_end_nothing(world: World) -> None:
    async with peer() as mx:
        outside = Outside(world, mx.port)
        await outside.submit("x@example.net", message=DOTS)
        await outside.courier.run_once()
    assert [message.endswith(DOTS) for message in mx.messages] == [True]
    assert not any("evil" in line for line in mx.lines)


async def test_a_message_without_a_last_line_end_gets_one(world: World) -> None:
    async with peer() as mx:
        outside = Outside(world, mx.port)
        await outside.submit("x@example.net", message=MESSAGE + b"end")
        await outside.courier.run_once()
    assert [message.endswith(b"\r\nend\r\n") for message in mx.messages] == [True]


async def test_a_large_message_goes_in_pieces(world: World) -> None:
    large = MESSAGE + b"0123456789abcde\r\n" * 60_000
    async with peer({"EHLO": BARE}) as mx:
        outside = Outside(world, mx.port)
        await outside.submit("x@example.net", message=large)
        await outside.courier.run_once()
    assert [message.endswith(large) for message in mx.messages] == [True]


async def test_a_server_without_extensions_is_asked_for_none(world: World) -> None:
    async with peer({"EHLO": b"500 what\r\n"}) as mx:
        outside = Outside(world, mx.port)
        await outside.submit("x@example.net", "y@example.net", message=MESSAGE + "ż\r\n".encode())
        await outside.courier.run_once()
    assert mx.lines[:5] == [
        "EHLO mx.example.test",
        "HELO mx.example.test",
        "MAIL FROM:<alice@example.test>",
        "RCPT TO:<x@example.net>",
        "RCPT TO:<y@example.net>",
    ]
    (message,) = mx.messages
    assert b"charset=unknown-8bit" in message
    assert message.endswith(b"=C5=BC\r\n")


async def test_8bit_is_declared_where_it_is_known(world: World) -> None:
    async with peer() as mx:
        outside = Outside(world, mx.port)
        await outside.submit("x@example.net", message=MESSAGE + b"\xff\r\n")
        await outside.courier.run_once()
    assert mx.lines[1].endswith(" BODY=8BITMIME")


UTF8_MESSAGE = MESSAGE.replace(b"Subject: Re: lunch", "Subject: żółw".encode())


@pytest.mark.parametrize(
    ("ehlo", "recipient", "message", "expected"),
    [
        (EHLO, "x@example.net", UTF8_MESSAGE, [b"Status: 5.6.7"]),
        (EHLO, "ż@example.net", MESSAGE, [b"Status: 5.6.7"]),
        (EHLO, "x@example.net", MESSAGE, []),
        (UTF8, "x@example.net", UTF8_MESSAGE, []),
        (UTF8, "ż@example.net", MESSAGE, []),
    ],
)
async def test_internationalised_mail_needs_a_server_that_takes_it(
    world: World, ehlo: bytes, recipient: str, message: bytes, expected: list[bytes]
) -> None:
    async with peer({"EHLO": ehlo}) as mx:
        outside = Outside(world, mx.port)
        await outside.submit(recipient, message=message, is_smtputf8=True)
        await outside.courier.run_once()
    assert await statuses(world) == expected
    assert len(mx.messages) == (not expected)
    if mx.messages:
        assert ("SMTPUTF8" in mx.lines[1]) is (ehlo is UTF8)


async def test_one_address_that_cannot_go_does_not_hold_the_others_back(world: World) -> None:
    async with peer() as mx:
        outside = Outside(world, mx.port)
        await outside.submit("ż@example.net", "x@example.net", is_smtputf8=True)
        await outside.courier.run_once()
    assert await statuses(world) == [b"Status: 5.6.7"]
    assert len(mx.messages) == 1


async def test_a_message_that_is_too_large_is_not_sent(world: World) -> None:
    async with peer({"EHLO": b"250-x\r\n250 SIZE 100\r\n"}) as mx:
        outside = Outside(world, mx.port)
        await outside.submit("x@example.net")
        await outside.courier.run_once()
    assert await statuses(world) == [b"Status: 5.3.4"]
    assert mx.lines == ["EHLO mx.example.test", "QUIT"]


async def test_recipients_go_in_groups_that_the_server_takes(world: World) -> None:
    ehlo = EHLO.replace(b"250 ENHANCED", b"250-LIMITS RCPTMAX=2\r\n250 ENHANCED")
    async with peer({"EHLO": ehlo}) as mx:
        outside = Outside(world, mx.port)
        await outside.submit(*(to(f"x{number}@example.net") for number in range(5)))
        await outside.courier.run_once()
    assert len(mx.messages) == 3
    assert len([event for event in world.events.events if isinstance(event, MessageRelayed)]) == 5


async def test_recipients_beyond_a_limit_go_in_the_next_transaction(world: World) -> None:
    seen: list[str] = []

    def rcpt(line: str) -> bytes:
        seen.append(line)
        return b"452 4.5.3 too many\r\n" if len(seen) == 3 else b"250 ok\r\n"

    async with peer({"RCPT": rcpt}) as mx:
        outside = Outside(world, mx.port)
        await outside.submit(*(to(f"x{number}@example.net") for number in range(3)))
        await outside.courier.run_once()
    assert (mx.sessions, len(mx.messages)) == (1, 2)
    assert await outside.queue() == []


async def test_a_refused_message_is_refused_for_all_its_recipients(world: World) -> None:
    async with peer({".": b"554 5.7.1 spam\r\n"}) as mx:
        outside = Outside(world, mx.port)
        await outside.submit("x@example.net", "y@example.net")
        await outside.courier.run_once()
    (report,) = await world.inbox()
    assert report.count(b"Diagnostic-Code: smtp; 554 5.7.1 spam") == 2
    assert len(mx.messages) == 1


async def test_a_demanded_tls_that_is_not_offered_lets_nothing_out(world: World) -> None:
    async with peer() as mx:
        route = Route(domain="*", host="127.0.0.1", port=mx.port, tls="required", username="u", password_file="secret")
        outside = Outside(world, 1, routes=(route,))
        await outside.submit("x@example.net")
        await outside.courier.run_once()
    assert mx.lines == ["EHLO mx.example.test"]
    (row,) = await outside.queue()
    assert row.reason == "4.7.0"


async def transmitter_to(outside: Outside, port: int) -> tuple[Transmitter, Connection]:
    (hop,) = await outside.routes.hops(to("x@plain.example.net").address.domain)
    conn = await outside.opener.dial.connect("127.0.0.1", port, seconds=5)
    handshake = Handshake(hop, NO_POLICY, outside.opener.tls, outside.opener.clock)
    return Transmitter(conn, hop, "mx.example.test", handshake), conn


async def test_a_greeting_that_refuses_is_an_error_with_its_reply(world: World) -> None:
    async with peer({"": b"554 5.7.1 not you\r\n"}) as mx:
        transmitter, _ = await transmitter_to(Outside(world, mx.port), mx.port)
        with pytest.raises(HopRefusedError) as caught:
            await transmitter.open(None, with_tls=True)
        await transmitter.close()
    assert caught.value.reply.code == 554


async def test_who_is_cancelled_while_a_server_takes_leave_closes_the_connection(world: World) -> None:
    async with peer({"QUIT": HANG}) as mx:
        transmitter, conn = await transmitter_to(Outside(world, mx.port), mx.port)
        await transmitter.open(None, with_tls=True)
        leaving = asyncio.create_task(transmitter.close())
        while mx.lines[-1] != "QUIT":
            await turns()
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
        assert conn.cause == "quit"
        await turns()


async def test_what_has_a_bare_newline_after_all_is_not_sent_by_data(world: World) -> None:
    async with peer({"EHLO": BARE}) as mx:
        outside = Outside(world, mx.port)
        await outside.submit("x@example.net", message=MESSAGE + b"a\nb\r\n", body_type=BodyType.EIGHT_BIT)
        await outside.courier.run_once()
    assert await statuses(world) == [b"Status: 5.6.0"]
    assert mx.messages == []


async def test_a_small_message_goes_with_its_envelope_and_a_large_one_chunk_by_chunk(world: World) -> None:
    large = MESSAGE + b"0123456789abcde\r\n" * 50_000
    async with peer({"EHLO": CHUNKING}) as mx:
        outside = Outside(world, mx.port, connections_per_destination=1)
        await outside.submit("x@example.net", message=DOTS)
        await outside.submit("x@example.net", message=large)
        await outside.courier.run_once()
    small, big = sorted(mx.messages, key=len)
    assert (small.endswith(DOTS), big.endswith(large)) == (True, True)
    lasts = [line.endswith(" LAST") for line in mx.lines if line.startswith("BDAT")]
    assert lasts in ([True, False, False, True], [False, False, True, True])


async def test_a_message_that_went_with_its_envelope_for_nobody_is_reset(world: World) -> None:
    async with peer(
        {"EHLO": CHUNKING, "RCPT": lambda line: b"550 5.1.1 who?\r\n" if "no@" in line else b"250 ok\r\n"}
    ) as mx:
        outside = Outside(world, mx.port, connections_per_destination=1)
        await outside.submit("no@example.net")
        world.clock.advance(1)  # what is due longer goes first
        await outside.submit("x@example.net")
        await outside.courier.run_once()
    assert (mx.sessions, len(mx.messages)) == (1, 1)
    assert mx.lines[4:6] == ["RSET", "MAIL FROM:<alice@example.test> " + mx.lines[1].split(" ", 2)[2]]
    assert await statuses(world) == [b"Status: 5.1.1"]


async def test_a_message_lost_with_its_envelope_may_have_arrived(world: World) -> None:
    async with peer({"EHLO": CHUNKING, "MAIL": CLOSE}) as mx:
        outside = Outside(world, mx.port)
        await outside.submit("x@twice.example.net")
        await outside.courier.run_once()
        assert mx.sessions == 1  # the second server of the domain is not tried
    (row,) = await outside.queue()
    assert row.reason == "4.4.1"
