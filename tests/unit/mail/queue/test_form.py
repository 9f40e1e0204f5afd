"""What goes in which form to which server (docs/queue.md, "Forms")."""

from email import message_from_bytes
from typing import Any

import pytest

from skrytka.mail.queue.form import Forms
from skrytka.model.envelope import BodyType
from skrytka.model.errors import Reason, TransientError
from tests.support.outside import CHUNKING, EHLO, Outside, peer
from tests.unit.mail.world import MESSAGE, World

HEAD = (
    b"From: alice@example.test\r\nSubject: x\r\nMessage-ID: <f@example.test>\r\n"
    b"Date: Fri, 15 Jan 2027 09:00:00 +0100\r\n"
)
TEXT = "Zażółć, and more of it that is ASCII\r\n.\r\n..\r\n".encode()
EIGHT = (
    HEAD
    + b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    + TEXT
)
SIGNED = b"DKIM-Signature: v=1; d=example.test\r\n" + EIGHT
OCTETS = bytes(range(256)) * 4
BINARY = HEAD + b"MIME-Version: 1.0\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: binary\r\n\r\n" + OCTETS
NO_8BIT = EHLO.replace(b"250-8BITMIME\r\n", b"")
NO_BINARY = CHUNKING.replace(b"250-BINARYMIME\r\n", b"")


async def sent(
    world: World, ehlo: bytes, message: bytes, body_type: BodyType, *, times: int = 1, **settings: Any
) -> tuple[bytes, str]:
    """What arrived, and MAIL; b"" when it was not sent."""
    async with peer({"EHLO": ehlo}) as mx:
        outside = Outside(world, mx.port, **settings)
        await outside.submit("x@example.net", message=message, body_type=body_type)
        for _ in range(times):
            await outside.courier.run_once()
            world.clock.advance(60)
    mail = next((line for line in mx.lines if line.startswith("MAIL")), "")
    return (mx.messages[0] if mx.messages else b""), mail


async def test_own_unsigned_mail_is_re_encoded_for_a_server_without_8bitmime(world: World) -> None:
    message, mail = await sent(world, NO_8BIT, EIGHT, BodyType.EIGHT_BIT)
    assert message.isascii()
    assert b"Content-Transfer-Encoding: quoted-printable" in message
    assert message_from_bytes(message).get_payload(decode=True) == TEXT
    assert mail == f"MAIL FROM:<alice@example.test> SIZE={len(message)}"


@pytest.mark.parametrize(
    ("ehlo", "message", "is_recoded", "body"),
    [
        (EHLO, EIGHT, True, " BODY=8BITMIME"),
        (NO_8BIT, SIGNED, True, ""),
        (NO_8BIT, EIGHT, False, ""),
    ],
)
async def test_everything_else_goes_as_it_is(
    world: World, ehlo: bytes, message: bytes, is_recoded: bool, body: str
) -> None:
    arrived, mail = await sent(world, ehlo, message, BodyType.EIGHT_BIT, is_8bit_recoded=is_recoded)
    assert arrived.endswith(message)
    assert mail.endswith(body)
    assert ("BODY" in mail) is bool(body)


@pytest.mark.parametrize("ehlo", [EHLO, NO_8BIT, NO_BINARY])
async def test_own_binary_mail_is_re_encoded_where_it_is_not_taken(world: World, ehlo: bytes) -> None:
    message, mail = await sent(world, ehlo, BINARY, BodyType.BINARY)
    assert message.isascii()
    assert message_from_bytes(message).get_payload(decode=True) == OCTETS
    assert "BODY" not in mail


async def test_binary_mail_goes_octet_by_octet_where_it_is_taken(world: World) -> None:
    message, mail = await sent(world, CHUNKING, BINARY, BodyType.BINARY)
    assert message.endswith(BINARY)
    assert mail.endswith(" BODY=BINARYMIME")


@pytest.mark.parametrize("ehlo", [EHLO, NO_BINARY])
async def test_signed_binary_mail_comes_back(world: World, ehlo: bytes) -> None:
    message, mail = await sent(world, ehlo, b"DKIM-Signature: v=1\r\n" + BINARY, BodyType.BINARY)
    assert (message, mail) == (b"", "")
    (report,) = await world.inbox()
    assert b"Status: 5.6.3" in report


async def test_without_inspectors_it_waits(world: World) -> None:
    world.inspector.failures = [TransientError(Reason.INSPECTOR_DOWN)]
    message, _mail = await sent(world, NO_8BIT, EIGHT, BodyType.EIGHT_BIT)
    assert message == b""


async def test_what_kills_inspectors_goes_as_it_is(world: World) -> None:
    world.inspector.poison = b"Za"
    message, _mail = await sent(world, NO_8BIT, EIGHT, BodyType.EIGHT_BIT)
    assert message.endswith(EIGHT)


async def test_a_large_message_goes_by_a_memory_file_and_a_huge_one_as_it_is(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = EIGHT + "żółw and so on, for quite a while\r\n".encode() * 10_000
    message, _mail = await sent(world, NO_8BIT, large, BodyType.EIGHT_BIT)
    assert world.inspector.sizes[-1] == (len(large), True)
    assert message.isascii()
    monkeypatch.setattr("skrytka.mail.queue.form.RECODED_MAX_BYTES", 100_000)
    message, _mail = await sent(world, NO_8BIT, large, BodyType.EIGHT_BIT)
    assert message.endswith(large)


async def test_mail_of_strangers_is_left_alone(world: World) -> None:
    async with peer({"EHLO": NO_8BIT}) as mx:
        outside = Outside(world, mx.port)
        await outside.submit("x@example.net", message=EIGHT, body_type=BodyType.EIGHT_BIT, is_own=False)
        await outside.courier.run_once()
    (message,) = mx.messages
    assert message.endswith(EIGHT)
    assert isinstance(outside.paths.forms, Forms)


PRIORITY = EHLO.replace(b"250 ENHANCED", b"250-MT-PRIORITY STANAG4406\r\n250 ENHANCED")


@pytest.mark.parametrize("ehlo", [EHLO, CHUNKING])
async def test_a_server_that_does_not_hear_the_priority_is_given_it_as_a_field(world: World, ehlo: bytes) -> None:
    """RFC 6758 3.3."""
    async with peer({"EHLO": ehlo}) as mx:
        outside = Outside(world, mx.port, connections_per_destination=1)
        await outside.submit("x@example.net", message=b"MT-Priority: 9\r\n" + MESSAGE, priority=-3)
        world.clock.advance(1)  # the first one is the first to go
        await outside.submit("y@example.net", message=MESSAGE)
        await outside.courier.run_once()
    said, plain = mx.messages
    assert b" PRIORITY -3;\r\n" in said
    assert said.count(b"MT-Priority: ") == said.count(b"\r\nMT-Priority: -3\r\n") == 1
    assert said.endswith(MESSAGE)
    assert b"MT-Priority" not in plain
    assert [line.rpartition(" ")[2] for line in mx.lines if line.startswith("MAIL")] == [
        f"SIZE={len(said)}",
        f"SIZE={len(plain)}",
    ]


async def test_a_server_that_hears_the_priority_is_told_it_as_it_was_granted(world: World) -> None:
    """RFC 6710 4.2, RFC 6758 3.2: 0 where nobody has said one."""
    async with peer({"EHLO": PRIORITY}) as mx:
        outside = Outside(world, mx.port)
        await outside.submit("x@example.net", message=b"MT-Priority: 9\r\n" + MESSAGE, priority_max=3)
        await outside.submit("y@example.net", message=MESSAGE)
        await outside.courier.run_once()
    assert [line.rpartition(" ")[2] for line in mx.lines if line.startswith("MAIL")] == [
        "MT-PRIORITY=3",
        "MT-PRIORITY=0",
    ]
    assert not any(b"MT-Priority" in message for message in mx.messages)


async def test_a_report_is_as_urgent_as_what_it_is_about(world: World) -> None:
    """RFC 6710 4.6."""
    async with peer({"EHLO": PRIORITY, "RCPT": lambda line: b"250 ok\r\n" if "eve" in line else b"550 no\r\n"}) as mx:
        outside = Outside(world, mx.port)
        await outside.submit("x@example.net", sender="eve@example.net", priority=-5)
        await outside.courier.run_once()
        (row,) = await outside.queue()
        assert row.priority == -10
        await outside.courier.run_once()
    assert [line for line in mx.lines if line.startswith("MAIL")][1].endswith(" MT-PRIORITY=-5")
