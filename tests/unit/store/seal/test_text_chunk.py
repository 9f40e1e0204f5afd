"""Chunks of search text."""

import pytest

from skrytka.model.errors import PermanentError
from skrytka.model.ids import EmailId
from skrytka.store.seal.text import MessageText
from skrytka.store.seal.text_chunk import TextChunk, encode_chunk

A, B, C = (EmailId(letter * 16) for letter in (b"a", b"b", b"c"))
TEXTS = [
    (A, MessageText(b"subject: one", b"alpha beta alpha")),
    (B, MessageText(b"subject: two", b"")),
    (C, MessageText(b"", b"gamma beta")),
]


@pytest.mark.parametrize(
    ("needle", "in_bodies", "in_all"),
    [
        (b"alpha", {A}, {A}),
        (b"beta", {A, C}, {A, C}),
        (b"subject", set(), {A, B}),
        (b"two", set(), {B}),
        (b"alphagamma", set(), set()),
        (b"gamma beta", {C}, {C}),
        (b"nothing", set(), set()),
        (b"", {A, B, C}, {A, B, C}),
    ],
)
def test_messages_are_found_by_what_they_contain(needle: bytes, in_bodies: set[bytes], in_all: set[bytes]) -> None:
    chunk = TextChunk(encode_chunk(TEXTS))
    assert chunk.find(needle, with_header=False) == in_bodies
    assert chunk.find(needle, with_header=True) == in_all
    assert list(chunk.emails) == [A, B, C]


@pytest.mark.parametrize("raw", [b"", b"\x01", b"\x02abc", b"\x01abc", encode_chunk(TEXTS)[:-3]])
def test_what_is_no_chunk_is_corrupt(raw: bytes) -> None:
    with pytest.raises(PermanentError):
        TextChunk(raw)
