import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.protocol.oauth.errors import OAuthError
from skrytka.protocol.oauth.form import BYTES_MAX, FIELDS_MAX, decode_value, encode_form, needed, parse_form


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"", {}),
        (b"a=1&b=x+y", {"a": "1", "b": "x y"}),
        (b"a=%C5%BC%26&&b=", {"a": "ż&"}),
        (b"a=1=2", {"a": "1=2"}),
        (b"a", {}),
    ],
)
def test_parameters_are_read(raw: bytes, expected: dict[str, str]) -> None:
    assert parse_form(raw) == expected


@pytest.mark.parametrize(
    "raw",
    [
        b"a=1&a=2",
        b"a=&a=2",
        b"a=1&%61=2",
        b"a=%",
        b"a=%4",
        b"a=%zz",
        b"a=%ff",
        b"a=%00",
        b"a=x%0d%0ay",
        b"a=" + b"x" * BYTES_MAX,
        b"&".join(b"%d=1" % number for number in range(FIELDS_MAX + 1)),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(raw: bytes) -> None:
    with pytest.raises(OAuthError):
        parse_form(raw)


@given(st.binary(max_size=200))
def test_whatever_comes_is_read_or_refused(raw: bytes) -> None:
    with contextlib.suppress(OAuthError):
        parse_form(raw)


@given(st.dictionaries(st.text(min_size=1, max_size=5), st.text(min_size=1, max_size=20), max_size=5))
def test_what_is_written_is_read_again(fields: dict[str, str]) -> None:
    text = "".join([*fields, *fields.values()])
    if any(ord(char) < 32 or char == "\x7f" or 0xD800 <= ord(char) < 0xE000 for char in text):
        return
    assert parse_form(encode_form(fields.items()).encode()) == fields


def test_a_parameter_may_be_needed() -> None:
    assert needed({"a": "1"}, "a") == "1"
    with pytest.raises(OAuthError, match="a is missing"):
        needed({}, "a")


def test_one_value_is_decoded() -> None:
    assert decode_value("a%3Ab+c") == "a:b c"
