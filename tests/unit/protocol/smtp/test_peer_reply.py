"""Replies of servers: whole, in pieces, and hostile."""

import random

import pytest

from skrytka.model.errors import RemoteProtocolError
from skrytka.protocol.smtp.peer_reply import LINE_MAX, LINES_MAX, PeerReply, ReplyReader
from tests.support.smtp import octets

GOOD = [
    (b"250 OK\r\n", PeerReply(250, "", ("OK",))),
    (b"250\r\n", PeerReply(250, "", ("",))),
    (b"250 2.1.5 fine\r\n", PeerReply(250, "2.1.5", ("fine",))),
    (b"250 4.1.5 other class\r\n", PeerReply(250, "", ("4.1.5 other class",))),
    (b"550-5.7.1 one\r\n550-5.7.1 two\r\n550 5.7.1\r\n", PeerReply(550, "5.7.1", ("one", "two", ""))),
    (b"250-a\r\n250-\r\n250 c\r\n", PeerReply(250, "", ("a", "", "c"))),
    (b"421 a\x1b[2Jb\xff\r\n", PeerReply(421, "", ("a?[2Jb\ufffd",))),
]
BAD = [
    b"hello\r\n",
    b"25 OK\r\n",
    b"150 wait\r\n",
    b"650 x\r\n",
    b"290 x\r\n",
    b"250_OK\r\n",
    b"250-a\r\n251 b\r\n",
    b"250 a\n",
    b"250 a\rb\r\n",
    b"250 " + b"a" * LINE_MAX + b"\r\n",
    b"250-a\r\n" * (LINES_MAX + 1),
]


def read(*parts: bytes) -> list[PeerReply]:
    reader, found = ReplyReader(), []
    for part in parts:
        reader.feed(part)
        while (reply := reader.next()) is not None:
            found.append(reply)
    return found


@pytest.mark.parametrize(("raw", "expected"), GOOD)
def test_a_reply_is_read_whole_and_octet_by_octet(raw: bytes, expected: PeerReply) -> None:
    assert read(raw) == [expected]
    assert read(*octets(raw * 2)) == [expected, expected]


@pytest.mark.parametrize("raw", BAD)
def test_what_is_no_reply_is_a_protocol_error(raw: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        read(raw)


def test_any_octets_are_replies_or_a_protocol_error() -> None:
    chance = random.Random()
    for _ in range(500):
        raw = b"".join(chance.choices([b"250", b"-", b" ", b"\r\n", b"5.1.1", b"x", b"\n", b"\xff", b"4"], k=9))
        try:
            whole: list[PeerReply] | None = read(raw)
        except RemoteProtocolError:
            whole = None
        try:
            cut: list[PeerReply] | None = read(*octets(raw))
        except RemoteProtocolError:
            cut = None
        assert cut == whole, raw


def test_the_status_is_the_enhanced_code_or_that_of_the_class() -> None:
    assert [PeerReply(code, "", ()).status for code in (250, 450, 550)] == ["2.0.0", "4.0.0", "5.0.0"]
    assert PeerReply(550, "5.1.1", ()).status == "5.1.1"
    assert str(PeerReply(550, "5.1.1", ("a", "b"))) == "550 5.1.1 a b"
    assert PeerReply(450, "", ()).is_transient


def test_clearing_forgets_half_a_reply() -> None:
    reader = ReplyReader()
    reader.feed(b"250-a\r\n250")
    assert reader.next() is None
    before = reader.is_empty
    reader.clear()
    assert (before, reader.is_empty) == (False, True)
    reader.feed(b"220 b\r\n")
    assert reader.next() == PeerReply(220, "", ("b",))
