"""servers/imap/binaries.py: decoded parts, small ones together and kept, large ones never held."""

import base64
import os
import quopri

import pytest

from skrytka.inspect import jobs, wire
from skrytka.inspect.errors import PoisonedMessageError
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.protocol.imap.commands.fetch import BinaryItem
from skrytka.protocol.mime.charset import decode_transfer
from skrytka.servers.imap.binaries import PIECE_BYTES, DecodedPart, UnknownEncodingError, decoded
from skrytka.servers.imap.bodies import WHOLE_BYTES
from skrytka.servers.imap.sections import Span
from tests.support.imap import World
from tests.support.imap_boxes import FakeContent, FakeMessage, summarize
from tests.support.local_inspector import LocalInspector
from tests.unit.servers.imap.messages import NESTED

NOISE = os.urandom(1_000_003)


def part_of(raw: bytes, number: str) -> DecodedPart | None:
    content = FakeContent(FakeMessage(1, raw))
    return decoded(content, summarize(raw), BinaryItem(label=b"", part=number), LocalInspector())


async def whole(part: DecodedPart) -> bytes:
    return await part.read(Span(0, await part.size()))


async def test_leaves_and_encodings_are_known() -> None:
    one, inner, message = part_of(NESTED, "1"), part_of(NESTED, "2.1"), part_of(NESTED, "")
    assert one is not None
    assert inner is not None
    assert message is not None
    assert await whole(one) == "łódź".encode()
    assert await whole(inner) == b"inner text\r\n"
    assert await whole(message) == NESTED
    assert part_of(NESTED, "2") is None
    assert part_of(NESTED, "9") is None
    with pytest.raises(UnknownEncodingError):
        part_of(NESTED, "3")


ENCODED = {
    b"base64": base64.encodebytes(NOISE).replace(b"\n", b"\r\n"),
    b"quoted-printable": quopri.encodestring(NOISE).replace(b"\n", b"\r\n"),
    b"binary": NOISE,
}


@pytest.mark.parametrize("encoding", ENCODED)
async def test_a_large_part_comes_in_pieces_from_anywhere(encoding: bytes) -> None:
    raw = b"Content-Transfer-Encoding: " + encoding + b"\r\n\r\n" + ENCODED[encoding]
    part = part_of(raw, "1")
    assert part is not None
    size = await part.size()
    content = decode_transfer(ENCODED[encoding], encoding)
    assert (size, await whole(part)) == (len(content), content)
    for start, end in ((0, 10), (PIECE_BYTES - 1, PIECE_BYTES + 1), (size - 5, size), (size, size), (700, 900_000)):
        pieces = [piece async for piece in part.pieces(Span(start, end))]
        assert b"".join(pieces) == content[start:end]
        assert max((len(piece) for piece in pieces), default=0) <= PIECE_BYTES


async def test_many_paddings_are_decoded() -> None:
    part = part_of(b"Content-Transfer-Encoding: base64\r\n\r\n" + b"YQ==" * 100_000, "1")
    assert part is not None
    assert await whole(part) == b"a" * 100_000


@pytest.mark.parametrize(("partial", "span"), [("", slice(None)), ("<7.600000>", slice(7, 600_007))])
async def test_a_large_part_is_streamed_as_literal8_of_the_promised_length(partial: str, span: slice) -> None:
    world = World()
    world.inbox.deliver(b"Content-Transfer-Encoding: base64\r\n\r\n" + ENCODED[b"base64"])
    conn = await world.selected(f"1 FETCH 1 (BINARY.PEEK[1]{partial} UID)\r\n".encode())
    expected = NOISE[span]
    assert b" ~{%d}\r\n%b)\r\n1 OK done\r\n" % (len(expected), expected) in conn.said[0]
    assert conn.largest_bytes <= WHOLE_BYTES + PIECE_BYTES


@pytest.mark.parametrize("encoding", [b"base64", b"binary"])
async def test_damage_is_told_before_the_first_octet_or_cuts_the_line(encoding: bytes) -> None:
    """An encoded part is read whole to know its length; of another one the damage shows on the way, once."""
    world = World()
    world.inbox.deliver(b"Content-Transfer-Encoding: " + encoding + b"\r\n\r\n" + ENCODED[encoding])
    world.inbox.messages[0].corrupt_from = 800_000
    told = []
    for _ in range(2):
        conn = await world.selected(b"1 FETCH 1 BINARY.PEEK[1]\r\n")
        told.append(b"1 NO [CORRUPTION]" in conn.said[0])
    assert told == [encoding == b"base64", True]


async def test_a_small_part_is_kept() -> None:
    content = FakeContent(FakeMessage(1, b"YWJj"))
    part = DecodedPart(content, Span(0, 4), b"base64", LocalInspector())
    assert await part.read(Span(0, 1)) == b"a"
    content._message.corrupt_from = 0
    assert await part.read(Span(1, 3)) == b"bc"
    with pytest.raises(PermanentError):
        await DecodedPart(content, Span(0, 4), b"base64", LocalInspector()).size()


def encoded(text: bytes) -> bytes:
    return b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(text)


async def test_small_parts_of_many_messages_are_one_job() -> None:
    world = World()
    for number in range(20):
        world.inbox.deliver(encoded(b"part %d" % number))
    conn = await world.selected(b"1 FETCH 1:* (BINARY.SIZE[1] BINARY.PEEK[1])\r\n")
    for number in range(20):
        text = b"part %d" % number
        expected = b"* %d FETCH (BINARY.SIZE[1] %d BINARY[1] {%d}\r\n%b)\r\n"
        assert expected % (number + 1, len(text), len(text), text) in conn.said[0]
    assert len(world.inspector.sizes) == 1


async def test_what_does_not_fit_one_job_is_decoded_by_itself() -> None:
    """More parts than a job has, and more octets: each item still comes out right."""
    world = World()
    parts = b"".join(b"--b\r\n" + encoded(b"%d" % number) for number in range(wire.ENCODED_MAX + 20))
    raw = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + parts + b"--b--\r\n"
    for _ in range(2):
        world.inbox.deliver(raw)
    last = wire.ENCODED_MAX + 20
    items = " ".join(f"BINARY.PEEK[{number}]" for number in range(1, last + 1))
    conn = await world.selected(f"1 FETCH 1:* ({items})\r\n".encode())
    for number in range(last):
        text = b"%d" % number
        assert conn.said[0].count(b"BINARY[%d] {%d}\r\n%b" % (number + 1, len(text), text)) == 2


async def test_a_part_that_kills_inspectors_is_left_out_and_the_others_come() -> None:
    world = World()
    for text in (b"one", b"two", b"three"):
        world.inbox.deliver(encoded(text))
    world.inspector.poison = base64.b64encode(b"two")
    conn = await world.selected(b"1 FETCH 1:* (UID BINARY.PEEK[1])\r\n")
    assert conn.said[0] == (
        b"* 1 FETCH (UID 1 BINARY[1] {3}\r\none)\r\n* 2 FETCH (UID 2)\r\n* 3 FETCH (UID 3 BINARY[1] {5}\r\nthree)\r\n"
        b"1 NO [UNKNOWN-CTE] a part cannot be decoded\r\n"
    )


async def test_without_an_inspector_the_command_ends_and_no_message_waits_after_another() -> None:
    world = World()
    for size in (10, 200_000, 200_000):
        world.inbox.deliver(encoded(b"x" * size))
    world.inspector.failures = [TransientError(Reason.INSPECTOR_DOWN)] * 3
    conn = await world.selected(b"1 FETCH 1:* (UID BINARY.SIZE[1])\r\n")
    assert conn.said[0].endswith(b"1 NO [UNAVAILABLE] temporary trouble here, try again later\r\n")
    assert len(world.inspector.failures) == 2


@pytest.mark.parametrize("fault", ["dies", "lies"])
async def test_an_inspector_that_fails_behind_the_promised_length_cuts_the_line(
    fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has counted honestly, and then there is no way back: a client must not keep what is not the part."""
    world = World()
    world.inbox.deliver(encoded(NOISE))

    def undone(pieces: bytes) -> bytes:
        (piece,) = jobs._encoded.decode(pieces)
        if not piece.is_counted and fault == "dies":
            raise PoisonedMessageError("undo")
        if not piece.is_counted:
            return jobs._encoder.encode([wire.Undone(b"", 0)])
        return honest(pieces)

    honest = jobs.undone
    monkeypatch.setitem(jobs.HANDLERS, "undo", undone)
    conn = await world.selected(b"1 FETCH 1 BINARY.PEEK[1]\r\n")
    assert conn.aborted == "error"
    assert conn.said[0].endswith(b"~{%d}\r\n" % len(NOISE))
