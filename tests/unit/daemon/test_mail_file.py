"""A message in a file as the server would have got it, whatever its line ends; bounded whatever it is."""

import io
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.daemon import mail_file
from skrytka.daemon.mail_file import HEADER_MAX_BYTES, MailFile, with_crlf
from skrytka.model.errors import PermanentError, Reason


def read(data: bytes) -> tuple[bytes, bytes]:
    file = MailFile(io.BytesIO(data))
    return file.header, b"".join(file.body())


@pytest.mark.parametrize(
    ("data", "header", "body"),
    [
        (b"A: b\r\n\r\nx\r\n", b"A: b\r\n\r\n", b"x\r\n"),
        (b"A: b\n\nx\n", b"A: b\r\n\r\n", b"x\r\n"),
        (b"A: b\n c\n\nx\r\ny\n", b"A: b\r\n c\r\n\r\n", b"x\r\ny\r\n"),
        (b"A: b\r\n\r\nx\ny\r\n", b"A: b\r\n\r\n", b"x\ny\r\n"),  # CRLF with one bare LF stays as it is
        (b"A: b\n", b"A: b\r\n", b""),
        (b"A: b", b"A: b\r\n", b""),
        (b"\r\nbody", b"\r\n", b"body"),
        (b"\nbody\n", b"\r\n", b"body\r\n"),
        (b"", b"", b""),
        (b"A: b\n\n", b"A: b\r\n\r\n", b""),
    ],
)
def test_line_ends_are_those_of_mail(data: bytes, header: bytes, body: bytes) -> None:
    assert read(data) == (header, body)


@given(st.lists(st.sampled_from([b"a", b"\r", b"\n", b"\r\n", b": "]), max_size=20), st.lists(st.integers(0, 30)))
def test_where_a_file_is_cut_changes_nothing(words: list[bytes], cuts: list[int]) -> None:
    data = b"".join(words)
    edges = [0, *sorted(cuts), len(data)]
    pieces = [data[start:end] for start, end in pairwise(edges)]
    assert b"".join(with_crlf(pieces)) == b"".join(with_crlf([data]))


def test_a_header_without_end_is_too_long() -> None:
    with pytest.raises(PermanentError) as caught:
        MailFile(io.BytesIO(b"A: " + b"x" * HEADER_MAX_BYTES))
    assert caught.value.reason is Reason.TOO_LARGE


def test_a_file_is_read_to_a_bound_and_not_further(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail_file, "MAIL_MAX_BYTES", 1_000_000)
    stream = io.BytesIO(b"A: b\r\n\r\n" + b"x" * 5_000_000)
    with pytest.raises(PermanentError):
        list(MailFile(stream).body())
    assert stream.tell() < 2_000_000


def test_the_longest_header_is_read() -> None:
    data = b"A: " + b"x" * (HEADER_MAX_BYTES - 7) + b"\r\n\r\n"
    assert read(data + b"body") == (data, b"body")
