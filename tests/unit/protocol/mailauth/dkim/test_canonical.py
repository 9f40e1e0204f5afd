from functools import partial

import pytest

from skrytka.protocol.mailauth.dkim.canonical import Method, canonical_field, squeeze, without_signature
from tests.support.cpu import cpu_s


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (b"A: X\r\n", b"a:X\r\n"),  # RFC 6376 3.4.5, example 1
        (b"B : Y\t\r\n\tZ  \r\n", b"b:Y Z\r\n"),
        (b"SUBJect: AbC", b"subject:AbC\r\n"),  # RFC 6376 3.4.2
        (b"A \t:\r\n \tb\t \tc:d \r\n", b"a:b c:d\r\n"),
        (b"A:\r\n", b"a:\r\n"),
        (b"A: \r\n \r\n", b"a:\r\n"),
        (b"A:b\r\n c\r\n", b"a:b c\r\n"),
        (b"A: b\nc\r\n", b"a:b\nc\r\n"),  # no line end, no white space: it stays
        (b"A: b\x0b\xc2\xa0\r\n", b"a:b\x0b\xc2\xa0\r\n"),
    ],
)
def test_a_relaxed_field(field: bytes, expected: bytes) -> None:
    assert canonical_field(field, Method.RELAXED) == expected


@pytest.mark.parametrize("field", [b"B : Y\t\r\n\tZ  \r\n", b"A: X\r\n", b"a:\r\n"])
def test_a_simple_field_stays_as_it_is(field: bytes) -> None:
    assert canonical_field(field, Method.SIMPLE) == field
    assert canonical_field(field.removesuffix(b"\r\n"), Method.SIMPLE) == field


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (b"D: a=b; b=xyz; c=d\r\n", b"D: a=b; b=; c=d\r\n"),
        (b"D: a=b;\r\n b =\r\n x\r\n y ;c=d", b"D: a=b;\r\n b =;c=d"),
        (b"D:b=x", b"D:b="),
        (b"D: bh=b=; b=x=\r\n", b"D: bh=b=; b="),
        (b"D: h=from:b=c; b=x", b"D: h=from:b=c; b="),
        (b"D: a=b", b"D: a=b"),
    ],
)
def test_the_signature_goes_and_nothing_else(field: bytes, expected: bytes) -> None:
    assert without_signature(field) == expected


def test_a_run_of_white_space_is_one_space() -> None:
    assert squeeze(b"a\t\t b c \t") == b"a b c "


def test_the_time_is_linear_in_white_space() -> None:
    times = [cpu_s(partial(squeeze, b" \t" * size)) for size in (200_000, 800_000)]
    assert times[1] < 12 * times[0] + 0.05
