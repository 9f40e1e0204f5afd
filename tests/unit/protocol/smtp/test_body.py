import pytest

from skrytka.model import reply as replies
from skrytka.model.limits import SmtpLimits
from skrytka.model.reply import Reply
from skrytka.protocol.smtp.body import BodyCheck, DotReader
from tests.support.smtp import octets

LIMITS = SmtpLimits(message_bytes=100, header_bytes=40, text_line_bytes=20)


def read(pieces: list[bytes]) -> tuple[bytes, bytes | None]:
    reader = DotReader()
    message = b""
    for number, piece in enumerate(pieces):
        got, rest = reader.feed(piece)
        message += got
        if rest is not None:
            return message, rest + b"".join(pieces[number + 1 :])
    return message, None


ENDS = [
    (b".\r\n", b"", b""),
    (b".\r\nQUIT\r\n", b"", b"QUIT\r\n"),
    (b"a\r\n.\r\n", b"a\r\n", b""),
    (b"a\r\n\r\n.\r\nb", b"a\r\n\r\n", b"b"),
    (b"..\r\n.\r\n", b".\r\n", b""),
    (b".a\r\n..b\r\nc.\r\n.\r\n", b"a\r\n.b\r\nc.\r\n", b""),  # RFC 5321 4.5.2: any first period is deleted
    (b"\r\n.\r\n", b"\r\n", b""),
    (b".\r\n.\r\n", b"", b".\r\n"),
    (b"a\n.\n.\r\n\r\n.\r\n", b"a\n.\n.\r\n\r\n", b""),
    (b"a\r\n.\n\r\n.\r\n", b"a\r\n\n\r\n", b""),
    (b"a\r\n.\r.\r\n.\r\n", b"a\r\n\r.\r\n", b""),
    (b"a\r.\r\n.\r\n", b"a\r.\r\n", b""),
    (b"a\r\n\x00.\r\n.\r\n", b"a\r\n\x00.\r\n", b""),
]


@pytest.mark.parametrize(("data", "message", "rest"), ENDS)
def test_only_crlf_dot_crlf_ends_data(data: bytes, message: bytes, rest: bytes) -> None:
    assert read([data]) == (message, rest)
    assert read(octets(data)) == (message, rest)


@pytest.mark.parametrize("data", [b"", b"a", b"a\r\n", b"a\r\n.", b"a\r\n.\r", b".", b"a\n.\n", b"a\r.\r", b"a\r\n.\n"])
def test_without_it_data_goes_on(data: bytes) -> None:
    assert read([data])[1] is None
    assert read(octets(data))[1] is None


def refusal(
    pieces: list[bytes], *, is_binary: bool = False, is_7bit: bool = False, limits: SmtpLimits = LIMITS
) -> Reply | None:
    check = BodyCheck(limits, is_binary=is_binary, is_7bit=is_7bit)
    for piece in pieces:
        check.feed(piece)
    check.finish()
    return check.refusal


CHECKS: list[tuple[bytes, Reply | None]] = [
    (b"a: b\r\n\r\ntext\r\n", None),
    (b"", None),
    (b"no end of line", None),
    (b"a\nb", replies.BARE_NEWLINE_DATA),
    (b"a\rb", replies.BARE_NEWLINE_DATA),
    (b"a\r", replies.BARE_NEWLINE_DATA),
    (b"\n", replies.BARE_NEWLINE_DATA),
    (b"a\r\r\n", replies.BARE_NEWLINE_DATA),
    (b"a\n\r\n", replies.BARE_NEWLINE_DATA),
    (b"a\n\rb", replies.BARE_NEWLINE_DATA),
    (b"a\r\r\n\nb", replies.BARE_NEWLINE_DATA),
    (b"a\x00b\r\n", None),  # RFC 5321 4.5.2: all 128 characters
    (b"a: b\r\n\r\n" + b"x\r\n" * 30, None),
    (b"a: b\r\n\r\n" + b"x\r\n" * 31, replies.TOO_LARGE),
    (b"a: b\r\n\r\n" + b"x\r\n" * 31 + b"\n", replies.BARE_NEWLINE_DATA),
    (b"a: " + b"b\r\n b" * 9 + b"\r\n\r\n", replies.HEADER_TOO_LARGE),
    (b"a: " + b"b\r\n b" * 6 + b"\r\n\r\n", None),
    (b"\r\n" + b"x\r\n" * 20, None),  # no header at all
    (b"a" * 37 + b"\r\n\r\n", replies.HEADER_TOO_LARGE),
    (b"a\r\n\r\n" + b"x" * 18 + b"\r\n", None),
    (b"a\r\n\r\n" + b"x" * 19 + b"\r\n", replies.TEXT_LINE_TOO_LONG),
    (b"a\r\n\r\n" + b"x" * 20 + b"\r\n" + b"y\r\n" * 10, replies.TEXT_LINE_TOO_LONG),
    (b"a\r\n\r\n" + b"y\r\n" * 10 + b"x" * 21, replies.TEXT_LINE_TOO_LONG),
    (b"a\r\n\r\n" + b"y\r\n" * 10 + b"x" * 20, None),
    ("a\r\n\r\nzażółć\r\n".encode(), None),
]


@pytest.mark.parametrize(("data", "expected"), CHECKS)
def test_a_message_is_refused_for_what_it_is(data: bytes, expected: Reply | None) -> None:
    assert refusal([data]) == expected


@pytest.mark.parametrize(("data", "expected"), CHECKS)
def test_a_message_is_refused_alike_however_it_is_cut(data: bytes, expected: Reply | None) -> None:
    assert refusal(octets(data)) == expected
    for cut in range(len(data)):
        assert refusal([data[:cut], data[cut:]]) == expected


def test_line_ends_are_data_in_binarymime() -> None:
    assert refusal([b"a\nb\rc\r" + b"x" * 60], is_binary=True, limits=SmtpLimits()) is None


def test_the_size_counts_in_binarymime_too() -> None:
    assert refusal([b"\r\n" + b"x" * 100], is_binary=True) == replies.TOO_LARGE


def test_undeclared_8bit_can_be_refused() -> None:
    data = "a\r\n\r\nzażółć\r\n".encode()
    assert refusal([data], is_7bit=True) == replies.EIGHT_BIT_NEEDED
    assert refusal([b"a\r\n\r\nascii\r\n"], is_7bit=True) is None


def test_an_announced_size_is_refused_before_it_comes() -> None:
    check = BodyCheck(LIMITS, is_binary=False, is_7bit=False)
    check.expect(100)
    assert check.refusal is None
    check.expect(101)
    assert check.refusal == replies.TOO_LARGE
