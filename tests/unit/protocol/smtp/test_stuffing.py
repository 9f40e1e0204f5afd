"""Stuffing is undone by our own reader and by the plain rule of RFC 5321 4.5.2, however the message is cut."""

import random
from itertools import product

import pytest

from skrytka.model.errors import LocalProtocolError
from skrytka.protocol.smtp.body import DotReader
from skrytka.protocol.smtp.stuffing import DotWriter
from tests.support.smtp import octets, pieces

WORDS = (b"\r\n", b".", b"a", b"..", b"\r\n.\r\n")


def stuffed(parts: list[bytes]) -> bytes:
    writer = DotWriter()
    return b"".join(map(writer.feed, parts)) + writer.finish()


def expected(message: bytes) -> bytes:
    lines = message.split(b"\r\n")
    if lines[-1] == b"":
        lines.pop()
    return b"".join(b"." * line.startswith(b".") + line + b"\r\n" for line in lines) + b".\r\n"


@pytest.mark.parametrize("count", range(6))
def test_any_mix_of_dots_and_line_ends_is_stuffed_by_the_rule(count: int) -> None:
    for words in product(WORDS, repeat=count):
        message = b"".join(words)
        out = stuffed([message])
        assert out == expected(message), message
        assert stuffed(octets(message)) == out, message
        assert out.count(b"\r\n.\r\n") + out.startswith(b".\r\n") == 1, message


def test_our_reader_gives_the_message_back() -> None:
    chance = random.Random(7)
    for _ in range(300):
        message = b"".join(chance.choices(WORDS, k=chance.randrange(30)))
        cuts = [chance.randrange(len(message) + 1) for _ in range(4)]
        whole, rest = DotReader().feed(stuffed(pieces(message, cuts)) + b"QUIT\r\n")
        assert rest == b"QUIT\r\n"
        assert whole == message if message.endswith(b"\r\n") or not message else whole == message + b"\r\n"


@pytest.mark.parametrize(
    "bad", [b"\n", b"\r", b"\n.\n", b"\r.\r", b"\n.\r\n", b"\r\n.\n", b"\r\n.\r", b"\r\r\n", b"a\r\n\n"]
)
def test_a_bare_newline_is_refused_however_it_is_cut(bad: bytes) -> None:
    for parts in ([b"x" + bad + b"MAIL FROM:<>"], octets(b"x" + bad + b"MAIL FROM:<>")):
        with pytest.raises(LocalProtocolError):
            stuffed(parts)
