"""protocol/mime/transfer.py: pieces give what the whole gives."""

import base64
import quopri

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.protocol.mime.charset import decode_transfer
from skrytka.protocol.mime.transfer import LINE_BYTES, undo

WORDS = (
    b"QUJD",
    b"Q",
    b"=",
    b"==",
    b"\r\n",
    b"\n",
    b"\r",
    b"=\r",
    b"=\r\n",
    b"=C5",
    b"=4",
    b"=G0",
    b" ",
    b"\xff",
    b"xyz",
)
PIECES = st.lists(st.sampled_from(WORDS), max_size=40)
ENCODINGS = (b"base64", b"quoted-printable", b"8bit", b"x-unknown")


def fed(encoding: bytes, pieces: list[bytes]) -> bytes:
    found, rest = [], b""
    for number, piece in enumerate([*pieces, b""]):
        undone = undo(encoding, rest + piece, is_last=number == len(pieces))
        assert len(undone.octets) <= len(rest + piece)
        rest = undone.rest
        found.append(undone.octets)
    assert rest == b""
    return b"".join(found)


@given(PIECES, st.sampled_from(ENCODINGS))
def test_pieces_give_what_the_whole_gives_however_cut(pieces: list[bytes], encoding: bytes) -> None:
    whole = b"".join(pieces)
    expected = decode_transfer(whole, encoding)
    assert fed(encoding, pieces) == expected
    assert fed(encoding, [whole[index : index + 1] for index in range(len(whole))]) == expected


@pytest.mark.parametrize("line", [b"=C5", b"ab=C5c", b"abc", b"a=\rbc"])
@pytest.mark.parametrize("end", [b"", b"\n=C5=\nx", b"=", b"=\r"])
def test_a_line_without_an_end_is_cut_where_no_escape_is_open(line: bytes, end: bytes) -> None:
    whole = line * (3 * LINE_BYTES // len(line)) + end
    pieces = [whole[start : start + 10_007] for start in range(0, len(whole), 10_007)]
    assert fed(b"quoted-printable", pieces) == decode_transfer(whole, b"quoted-printable")


@pytest.mark.parametrize("line", [b"=C5", b"abc", b"a=\rbc", b"==", b"==\r", b"="])
def test_what_is_left_over_is_bounded(line: bytes) -> None:
    rest = b""
    for _ in range(100):
        rest = undo(b"quoted-printable", rest + line * 10_000, is_last=False).rest
        assert len(rest) <= LINE_BYTES


def test_real_content_comes_back() -> None:
    content = bytes(range(256)) * 100
    for encoding, encoded in (
        (b"base64", base64.encodebytes(content)),
        (b"quoted-printable", quopri.encodestring(content)),
    ):
        assert fed(encoding, [encoded[start : start + 999] for start in range(0, len(encoded), 999)]) == content
