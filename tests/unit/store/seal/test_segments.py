import pytest
import zstandard
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import BlobId
from skrytka.model.secret import Secret
from skrytka.store.seal.segments import SEGMENT_BYTES, Extent, Sealer, index_bytes, seal_small

BLOB = BlobId(b"B" * 16)
KEY = Secret(b"k" * 32)
SEALER = Sealer(BLOB, KEY)
TEXT = b"The quick brown fox jumps over the lazy dog. " * 20


def test_a_blob_of_one_segment_is_that_of_docs_formats() -> None:
    """Written out a second time from docs/formats.md: what is sealed today must open in every release."""
    aad = b"SKB\x01" + b"B" * 16 + b"\0\0\0\0" + b"\x01"
    sealed = AESGCM(b"k" * 32).encrypt(bytes(12), b"\0" + b"noise", aad)
    assert seal_small(SEALER, b"noise") == b"SKB\x01" + sealed + b"\0\0\0\x01"


def test_a_compressed_segment_is_that_of_docs_formats() -> None:
    aad = b"SKB\x01" + b"B" * 16 + b"\0\0\0\x02" + b"\0"
    packed = AESGCM(b"k" * 32).decrypt(bytes(11) + b"\x02", SEALER.seal_segment(2, TEXT, is_last=False), aad)
    assert packed[:1] == b"\x01"
    assert zstandard.ZstdDecompressor().decompress(packed[1:]) == TEXT


def test_the_index_is_that_of_docs_formats() -> None:
    aad = b"SKB\x01" + b"B" * 16 + b"\0\0\0\x02" + b"\x02"
    plain = b"\0\0\0\x0a\0\0\0\x1b" + b"\0\0\0\x05\0\0\0\x16"
    assert SEALER.seal_index([(10, 27), (5, 22)]) == AESGCM(b"k" * 32).encrypt(b"\xff" * 12, plain, aad)


@given(st.binary(max_size=3000), st.integers(0, 5), st.booleans())
def test_a_segment_opens_to_what_was_sealed(plain: bytes, repeat: int, is_last: bool) -> None:
    plain *= repeat
    assert SEALER.open_segment(3, SEALER.seal_segment(3, plain, is_last=is_last), is_last=is_last) == plain


def test_what_does_not_shrink_is_kept_as_it_is() -> None:
    noise = bytes(range(256))
    assert len(SEALER.seal_segment(0, noise, is_last=True)) == len(noise) + 1 + 16
    assert len(SEALER.seal_segment(0, TEXT, is_last=True)) < len(TEXT) // 4


@pytest.mark.parametrize(
    ("sealer", "number", "is_last"),
    [
        (SEALER, 1, False),
        (SEALER, 0, True),
        (Sealer(BlobId(b"C" * 16), KEY), 0, False),
        (Sealer(BLOB, Secret(b"x" * 32)), 0, False),
    ],
    ids=["another number", "as the last", "another blob", "another key"],
)
def test_a_segment_opens_in_its_place_only(sealer: Sealer, number: int, is_last: bool) -> None:
    sealed = SEALER.seal_segment(0, TEXT, is_last=False)
    with pytest.raises(PermanentError) as caught:
        sealer.open_segment(number, sealed, is_last=is_last)
    assert caught.value.reason is Reason.CORRUPT


@pytest.mark.parametrize("stored", [b"", b"short", bytes(16)])
def test_a_segment_that_is_too_short_is_corrupt(stored: bytes) -> None:
    with pytest.raises(PermanentError):
        SEALER.open_segment(0, stored, is_last=True)


@pytest.mark.parametrize(
    "packed",
    [b"\x01no zstd", b"\x01" + zstandard.ZstdCompressor().compress(bytes(SEGMENT_BYTES + 1)), b"\x02later method", b""],
    ids=["no zstd", "too large", "unknown method", "no method"],
)
def test_a_segment_of_ours_that_does_not_unpack_is_corrupt(packed: bytes) -> None:
    aad = b"SKB\x01" + b"B" * 16 + b"\0\0\0\0" + b"\x01"
    with pytest.raises(PermanentError):
        SEALER.open_segment(0, AESGCM(b"k" * 32).encrypt(bytes(12), packed, aad), is_last=True)


def test_the_index_says_where_each_segment_lies() -> None:
    stored = SEALER.seal_index([(10, 27), (5, 22)])
    assert len(stored) == index_bytes(2)
    assert SEALER.open_index(2, stored) == [Extent(0, 10, 4, 27), Extent(10, 5, 31, 22)]
    with pytest.raises(PermanentError):
        SEALER.open_index(3, stored)


def test_a_blob_of_one_segment_has_no_index() -> None:
    assert index_bytes(1) == 0
