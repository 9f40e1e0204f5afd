"""protocol/mime/params.py."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.protocol.mime.params import parse, token
from tests.support.cpu import cpu_s

CASES = [
    (b"text/plain", b"text/plain", {}),
    (b'Text/HTML; Charset="UTF-8"', b"text/html", {b"charset": b"UTF-8"}),
    (b"text/plain (note; x=y); charset=us-ascii (c)", b"text/plain", {b"charset": b"us-ascii"}),
    (b'attachment; filename="a\\"b;c.txt"; size=3', b"attachment", {b"filename": b'a"b;c.txt', b"size": b"3"}),
    (b"a/b; x=1; x=2", b"a/b", {b"x": b"1"}),
    (b"a/b;;; x = 1 ;junk; y=2", b"a/b", {b"x": b"1", b"y": b"2"}),
    (b'a/b; x="unclosed', b"a/b", {b"x": b"unclosed"}),
    # RFC 2231 3 and 4
    (b"a/b; url*0=\"ftp://\"; url*1=\"x.org/\"", b"a/b", {b"url": b"ftp://x.org/"}),
    (b"a/b; title*=us-ascii'en-us'This%20is", b"a/b", {b"title": b"This is"}),
    (b"a/b; t*0*=iso-8859-2''%b1; t*1*=%e6; t*2=\"z\"", b"a/b", {b"t": "ąćz".encode()}),
    (b"a/b; t*1=b; t*0=a", b"a/b", {b"t": b"ab"}),
    (b"", b"", {}),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "value", "parameters"), CASES)
def test_values_with_parameters_are_read(raw: bytes, value: bytes, parameters: dict[bytes, bytes]) -> None:
    parsed = parse(raw)
    assert (parsed.value, parsed.parameters) == (value, parameters)


@pytest.mark.parametrize(
    ("raw", "expected"), [(b" Base64 ", b"base64"), (b"(c) 8BIT", b"8bit"), (b"", b""), (b"7bit;x", b"7bit")]
)
def test_a_token_is_found(raw: bytes, expected: bytes) -> None:
    assert token(raw) == expected


@given(st.binary(max_size=200))
def test_anything_can_be_parsed(raw: bytes) -> None:
    parse(raw)
    token(raw)


@pytest.mark.parametrize("unit", [b";", b"; ", b"; a ", b" ", b"(", b'"', b"a"])
def test_the_time_is_linear_for_hostile_repetition(unit: bytes) -> None:
    """It was quadratic for semicolons: 50 KB of them in a Content-Type, and two inspectors hung for 20 s each."""
    values = [b"text/plain;" + unit * size for size in (10_000, 40_000)]
    times = [cpu_s(partial(parse, value)) for value in values]
    assert times[1] < 12 * times[0] + 0.05
