"""The smuggling suite on the relayed path: a message is one message at the next server, or it does not leave.

Each mix of CR, LF, NUL and dot around what might be taken for an end and a next command, accepted as BINARYMIME (which
alone may hold a bare CR or LF) or as 8-bit, relayed by DATA, BDAT and BDAT with BINARYMIME.
"""

import re
from itertools import product

import pytest

from skrytka.model.envelope import BodyType
from tests.support.outside import CHUNKING, EHLO, Outside, Peer, peer
from tests.support.sizes import pick
from tests.unit.mail.world import World

EVIL = (
    b"MAIL FROM:<evil@example.org>\r\nRCPT TO:<victim@example.net>\r\nDATA\r\nSubject: smuggled\r\n\r\nhello\r\n.\r\n"
)
PIECES = (b"\r", b"\n", b"\0", b"\r\n")
ENDS = [b"".join(each) for size in range(pick(2, 3)) for each in product(PIECES, repeat=size)]
MIXES = sorted({before + b"." + after for before, after in product(ENDS, ENDS)})
HEAD = (
    b"From: alice@example.test\r\nSubject: outer\r\nMessage-ID: <s@example.test>\r\n"
    b"Date: Fri, 15 Jan 2027 09:00:00 +0100\r\n"
)
MIME = b"MIME-Version: 1.0\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: binary\r\n"
SIGNED = b"DKIM-Signature: v=1; d=example.test\r\n"  # nobody may re-encode it
NO_BINARY = CHUNKING.replace(b"250-BINARYMIME\r\n", b"")
BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")
SERVERS = {"data": EHLO, "bdat": NO_BINARY, "binarymime": CHUNKING}


def commands(mx: Peer) -> list[str]:
    return [line.split(" ")[0] for line in mx.lines]


async def relay(world: World, ehlo: bytes, messages: list[bytes], body_type: BodyType) -> Peer:
    async with peer({"EHLO": ehlo}) as mx:
        outside = Outside(world, mx.port, connections_per_destination=1)
        for message in messages:
            await outside.submit("x@example.net", message=message, body_type=body_type, sender="")
        await outside.courier.run_once()
        assert await outside.queue() == []
    return mx


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("is_signed", [True, False])
async def test_binary_mail_with_any_end_in_it_is_one_message_or_none(
    world: World, server: str, is_signed: bool
) -> None:
    head = (SIGNED if is_signed else b"") + HEAD + MIME + b"\r\n"
    messages = [head + b"a" + mix + EVIL for mix in MIXES]
    mx = await relay(world, SERVERS[server], messages, BodyType.BINARY)
    assert not any("evil" in line or "victim" in line for line in mx.lines)
    leaves = 0 if is_signed and server != "binarymime" else len(messages)
    assert len(mx.messages) == leaves
    assert commands(mx).count("MAIL") == leaves
    if server == "binarymime":
        octets = {message[message.index(b"From: alice") :] for message in mx.messages}
        assert octets == {message[message.index(b"From: alice") :] for message in messages}
    else:
        assert not any(BARE.search(message) or b"\0" in message for message in mx.messages)


@pytest.mark.parametrize("server", SERVERS)
async def test_text_with_bare_ends_that_no_listener_lets_in_leaves_by_bdat_alone(world: World, server: str) -> None:
    """Port 25 and submission refuse it (5.6.11); were it there all the same, no octet could end it early."""
    messages = [HEAD + b"\r\na" + mix + EVIL for mix in MIXES]
    mx = await relay(world, SERVERS[server], messages, BodyType.EIGHT_BIT)
    assert not any("evil" in line or "victim" in line for line in mx.lines)
    whole = [message for message in messages if not BARE.search(message)]
    assert len(mx.messages) == (len(whole) if server == "data" else len(messages))
    bodies = {message[message.index(b"From: alice") :] for message in mx.messages}
    assert bodies <= set(messages)


@pytest.mark.parametrize("server", SERVERS)
async def test_dots_and_ends_of_whole_lines_arrive_as_they_were(world: World, server: str) -> None:
    lines = [b".", b"..", b".\0", b"\0.", b"", b". ", b".x", b"-.", b"\t."]
    messages = [HEAD + b"\r\n" + b"\r\n".join(each) + b"\r\n" + EVIL for each in product(lines, repeat=2)]
    mx = await relay(world, SERVERS[server], messages, BodyType.EIGHT_BIT)
    assert {message[message.index(b"From: alice") :] for message in mx.messages} == set(messages)
    assert len(mx.messages) == len(messages)
    assert not any("evil" in line for line in mx.lines)
