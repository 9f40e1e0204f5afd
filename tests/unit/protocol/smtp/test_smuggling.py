"""SMTP smuggling: each mix of CR, LF, NUL and dot where a message or a line could end, at each cut of the input.

The engine is held against a model of RFC 5321 2.3.8 and 4.5.2 that knows lines and nothing else. What stands behind
the end must be commands, what stands before it must be message, and a message in which two servers could see different
ends must not be accepted.
"""

from collections.abc import Iterable, Iterator
from itertools import product

import pytest

from skrytka.model.limits import SmtpLimits
from skrytka.protocol.smtp import events
from tests.support.sizes import pick
from tests.support.smtp import Driver, octets, pieces

LIMITS = SmtpLimits(errors=1000)
EHLO = b"EHLO client.example.org\r\n"
RCPT = b"RCPT TO:<bob@example.test>\r\n"
OPEN = EHLO + b"MAIL FROM:<a@example.org>\r\n" + RCPT
EVIL = b"MAIL FROM:<evil@example.org>\r\n"
CRLF = b"\r\n"


def mixes(length: int) -> list[bytes]:
    return [b"".join(mix) for mix in product((b"\r", b"\n", b"\x00", b"."), repeat=length)]


LENGTHS = [1, 2, 3, 4, 5]


def model_data(stream: bytes) -> tuple[bytes, bool, bytes]:
    """The message, whether it is clean, and the rest, by lines that only CRLF ends."""
    message, is_clean, position = b"", True, 0
    while True:
        end = stream.index(CRLF, position)
        line = stream[position:end]
        position = end + len(CRLF)
        if line == b".":
            return message, is_clean, stream[position:]
        is_clean = is_clean and b"\r" not in line and b"\n" not in line
        message += line.removeprefix(b".") + CRLF


def model_commands(stream: bytes) -> list[bytes]:
    """The whole lines of a stream."""
    return stream.split(CRLF)[:-1]


def is_clean(data: bytes) -> bool:
    rest = data.split(CRLF)
    return not any(b"\r" in line or b"\n" in line for line in rest)


def cuts(prefix: int, mix: bytes) -> Iterator[list[int]]:
    """No cut, one cut at each place around the mix."""
    yield []
    for place in range(prefix - 1, prefix + len(mix) + 4):
        yield [place]


def senders(driver: Driver) -> list[str]:
    return [str(event.reverse_path) for event in driver.log if isinstance(event, events.MailFrom)]


def expected_senders(rest: bytes) -> list[str]:
    """Who may speak: only a MAIL that is a whole line behind the end."""
    return ["a@example.org", *["evil@example.org" for line in model_commands(rest) if line + CRLF == EVIL]]


def check_data(before: bytes, mix: bytes, inputs: Iterable[list[bytes]]) -> None:
    message, is_ok, rest = model_data(before + mix + EVIL + b".\r\nQUIT\r\n")
    for fed in inputs:
        driver = Driver(LIMITS).feed(*fed)
        assert driver.messages == ([message] if is_ok else []), (before, mix, fed)
        assert senders(driver) == expected_senders(rest), (before, mix, fed)
        ends = [event for event in driver.log if isinstance(event, events.BodyEnd)]
        assert len(ends) == 1, (before, mix, fed)
        assert len(driver.out) == 4 + 1 + len(model_commands(rest)), (before, mix, fed)


@pytest.mark.parametrize("before", [b"", b"text", b"text\r\n", b"text\r\n.", b"a\r\n.\r"])
@pytest.mark.parametrize("length", LENGTHS)
def test_the_end_of_data_is_that_of_the_model(before: bytes, length: int) -> None:
    head = OPEN + b"DATA\r\n"
    for mix in mixes(length):
        stream = head + before + mix + EVIL + b".\r\nQUIT\r\n"
        start = len(head) + len(before)
        every_cut = (pieces(stream, places) for places in cuts(start, mix))
        whole_and_octets = iter(([stream], [head, *octets(stream[len(head) :])]))
        check_data(before, mix, every_cut if length <= pick(3, 5) else whole_and_octets)


@pytest.mark.parametrize("length", LENGTHS)
def test_a_chunk_ends_where_its_size_says(length: int) -> None:
    for mix in mixes(length):
        data = b"text\r\n" + mix + b"\r\n"
        stream = OPEN + b"BDAT %d LAST\r\n" % len(data) + data + EVIL + b"QUIT\r\n"
        for fed in ([stream], octets(stream)) if length <= pick(4, 5) else ([stream],):
            driver = Driver(LIMITS).feed(*fed)
            assert driver.messages == ([data] if is_clean(data) else []), mix
            assert senders(driver) == ["a@example.org", "evil@example.org"], mix
            assert driver.codes[3:] == [250 if is_clean(data) else 550, 250, 221], mix


@pytest.mark.parametrize("length", LENGTHS)
def test_a_message_cut_into_chunks_anywhere_is_the_same_message(length: int) -> None:
    for mix in mixes(length):
        data = b"text\r\n" + mix
        for place in range(6, len(data) + 1):
            first, second = data[:place], data[place:]
            stream = (
                OPEN + b"BDAT %d\r\n" % len(first) + first + b"BDAT %d LAST\r\n" % len(second) + second + b"QUIT\r\n"
            )
            driver = Driver(LIMITS).feed(stream)
            assert driver.messages == ([data] if is_clean(data) else []), (mix, place)
            assert driver.codes[-1] == 221, (mix, place)


@pytest.mark.parametrize("length", LENGTHS)
def test_in_binarymime_every_octet_is_data(length: int) -> None:
    opening = OPEN.replace(b"example.org>", b"example.org> BODY=BINARYMIME")
    for mix in mixes(length):
        driver = Driver(LIMITS).feed(opening + b"BDAT %d LAST\r\n" % len(mix) + mix + EVIL)
        assert driver.messages == [mix]
        assert senders(driver) == ["a@example.org", "evil@example.org"]


@pytest.mark.parametrize("length", LENGTHS)
def test_only_whole_lines_are_commands(length: int) -> None:
    for mix in mixes(length):
        stream = b"NOOP" + mix + b"NOOP\r\nNOOP\r\n"
        expected = [250 if line == b"NOOP" else 500 for line in model_commands(stream)]
        for fed in ([stream], octets(stream)):
            codes = [501 if code == 501 else code for code in Driver(LIMITS).feed(*fed).codes]
            assert codes == expected, (mix, fed)


@pytest.mark.parametrize("length", LENGTHS)
def test_what_stands_around_the_data_command_does_not_begin_a_message(length: int) -> None:
    """DATA with anything but CRLF behind it is no DATA, so that what follows is not taken as a message."""
    for mix in mixes(length):
        stream = OPEN + b"DATA" + mix + EVIL
        driver = Driver(LIMITS).feed(stream)
        has_begun = any(isinstance(event, events.DataStart) for event in driver.log)
        assert has_begun == (b"DATA" + mix).startswith(b"DATA\r\n"), mix


@pytest.mark.parametrize(
    "end", [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\r\n\x00.\r\n", b"\r\r\n.\r\r\n"]
)
def test_the_known_attacks_are_refused(end: bytes) -> None:
    """SEC Consult's list of 2023, by name: each was an end of data to some server."""
    smuggled = EVIL + RCPT + b"DATA\r\nevil\r\n.\r\n"
    driver = Driver(LIMITS).feed(OPEN + b"DATA\r\ntext" + end + smuggled + b"QUIT\r\n")
    assert senders(driver) == ["a@example.org"]
    assert len(driver.messages) <= 1
    assert (driver.messages == []) is (b"\x00" not in end)
