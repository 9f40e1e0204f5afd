"""protocol/mime/charset.py."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.protocol.mime import charset
from skrytka.protocol.mime.charset import decode_base64, decode_text, decode_transfer, decode_words

WORDS = [
    (b"plain", "plain"),
    (b"=?iso-8859-2?Q?za=BF=F3=B3=E6?= g", "zażółć g"),
    (b"=?utf-8?B?xbzDs8WCxIc=?=", "żółć"),
    (b"=?utf-8?Q?a?= =?utf-8?Q?b?=", "ab"),  # RFC 2047 6.2
    (b"=?utf-8?Q?=C5?= =?utf-8?Q?=BC?=", "ż"),  # a character over two words: against the RFC, and met
    (b"=?utf-8?Q?a_b?= c", "a b c"),
    (b"=?nonsense?Q?a?=", "a"),
    (b"=?utf-8?X?a?=", "=?utf-8?X?a?="),
    ("żółć".encode(), "żółć"),
    (b"caf\xe9", "café"),
    (b"=?utf-8*en?Q?a?=", "a"),  # RFC 2231 5
]


@pytest.mark.parametrize(("raw", "expected"), WORDS)
def test_encoded_words_are_decoded(raw: bytes, expected: str) -> None:
    assert decode_words(raw) == expected


@pytest.mark.parametrize(
    ("charset", "raw", "expected"),
    [
        ("iso-8859-2", b"\xb1", "ą"),
        ("windows-1250", b"\xb9", "ą"),
        ("unicode_escape", b"\\x41", "\\x41"),
        ("rot13", b"abc", "abc"),
        ("idna", b"abc", "abc"),
        ("hex", b"41", "41"),
        ("utf-8\0", b"a", "a"),
        ("", b"\xff", "ÿ"),
    ],
)
def test_text_is_decoded_by_charsets_of_mail_only(charset: str, raw: bytes, expected: str) -> None:
    assert decode_text(raw, charset) == expected


@given(st.binary(max_size=300))
def test_base64_round_trips_with_any_line_length(data: bytes) -> None:
    assert decode_base64(base64.encodebytes(data)) == data
    assert decode_transfer(base64.encodebytes(data), b"base64") == data


@given(st.binary(max_size=200), st.sampled_from([b"base64", b"quoted-printable", b"7bit", b"x-uuencode"]))
def test_any_body_can_be_decoded(data: bytes, encoding: bytes) -> None:
    decode_transfer(data, encoding)


@given(st.binary(max_size=100), st.text(max_size=20))
def test_any_bytes_become_text_under_any_charset(data: bytes, charset: str) -> None:
    decode_text(data, charset)
    decode_words(b"=?" + data + b"?b?" + data + b"?=")


def test_two_padded_base64_runs_are_both_decoded() -> None:
    assert decode_transfer(b"YQ==\r\nYg==\r\n", b"base64") == b"ab"


@pytest.mark.parametrize("encoding", [b"base64", b"quoted-printable"])
@given(raw=st.lists(st.sampled_from([*b"ABab09+/=\r\n -_", *b"=\n"])).map(bytes), piece=st.integers(1, 9))
def test_how_a_body_is_cut_into_pieces_does_not_show(encoding: bytes, raw: bytes, piece: int) -> None:
    whole = decode_transfer(raw, encoding)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(charset, "PIECE_BYTES", piece)
        assert decode_transfer(raw, encoding) == whole
