import pytest

from skrytka.protocol.smtp.lines import DISCARD_MAX_BYTES, Input, LineFault
from tests.support.smtp import octets

LIMIT = 12
BARE, LONG, ENDLESS = LineFault.BARE_NEWLINE, LineFault.TOO_LONG, LineFault.ENDLESS


def lines(pieces: list[bytes], limit: int = LIMIT) -> list[bytes | LineFault]:
    source = Input()
    found: list[bytes | LineFault] = []
    for piece in pieces:
        source.feed(piece)
        while (line := source.line(limit)) is not None:
            found.append(line)
    return found


CASES: list[tuple[bytes, list[bytes | LineFault]]] = [
    (b"NOOP\r\n", [b"NOOP"]),
    (b"NOOP\r\nQUIT\r\n", [b"NOOP", b"QUIT"]),
    (b"\r\n", [b""]),
    (b"0123456789\r\n", [b"0123456789"]),
    (b"01234567890\r\nNOOP\r\n", [LONG, b"NOOP"]),
    (b"012345678901234567890\r\nNOOP\r\n", [LONG, b"NOOP"]),
    (b"NOOP\nQUIT\r\nRSET\r\n", [BARE, b"RSET"]),
    (b"NOOP\n", [BARE]),
    (b"NOOP\nRSET\nQUIT\n", [BARE]),
    (b"NO\rOP\r\nRSET\r\n", [BARE, b"RSET"]),
    (b"NOOP\r\r\nRSET\r\n", [BARE, b"RSET"]),
    (b"NOOP\n\r\nRSET\r\n", [BARE, b"RSET"]),
    (b"\nRSET\r\nRSET\r\n", [BARE, b"RSET"]),
    (b"0123456789x\nRSET\r\nRSET\r\n", [BARE, b"RSET"]),  # within the limit: the newline comes first
    (b"0123456789xy\nRSET\r\nRSET\r\n", [LONG, b"RSET"]),
    (b"0123456789x\r\nRSET\r\n", [LONG, b"RSET"]),  # a CR at the limit may be half a CRLF
    (b"NO\x00OP\r\n", [b"NO\x00OP"]),  # for the parser to refuse
]


@pytest.mark.parametrize(("data", "expected"), CASES)
def test_only_crlf_ends_a_line(data: bytes, expected: list[bytes | LineFault]) -> None:
    assert lines([data]) == expected


@pytest.mark.parametrize(("data", "expected"), CASES)
def test_a_line_is_the_same_octet_by_octet(data: bytes, expected: list[bytes | LineFault]) -> None:
    assert lines(octets(data)) == expected


def test_a_faulty_line_without_end_is_given_up() -> None:
    source = Input()
    source.feed(b"x" * 100)
    assert source.line(LIMIT) is LONG
    source.feed(b"x" * DISCARD_MAX_BYTES)
    assert source.line(LIMIT) is ENDLESS


def test_a_faulty_line_that_ends_just_in_time_is_one_fault() -> None:
    data = b"x" * DISCARD_MAX_BYTES + b"\r\nNOOP\r\n"
    assert lines([data]) == lines([data[:50], data[50:]]) == [LONG, b"NOOP"]


def test_octets_can_be_taken_between_lines() -> None:
    source = Input()
    source.feed(b"BDAT 3\r\nab")
    assert source.line(LIMIT) == b"BDAT 3"
    assert source.take(3) == b"ab"
    source.feed(b"cNOOP\r\n")
    assert source.take(1) == b"c"
    assert len(source) == 6
    assert source.line(LIMIT) == b"NOOP"


def test_what_is_put_back_comes_again() -> None:
    source = Input()
    source.feed(b"body\r\n.\r\nQUIT\r\n")
    assert source.take_all() == b"body\r\n.\r\nQUIT\r\n"
    source.put_back(b"QUIT\r\n")
    assert source.line(LIMIT) == b"QUIT"
    assert source.line(LIMIT) is None


def test_clear_forgets_a_faulty_line_too() -> None:
    source = Input()
    source.feed(b"x" * 50)
    assert source.line(LIMIT) is LONG
    source.clear()
    source.feed(b"EHLO a\r\n")
    assert source.line(LIMIT) == b"EHLO a"
