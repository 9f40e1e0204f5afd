"""Whatever was changed in a stored blob is seen."""

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import BlobId
from skrytka.model.secret import Secret
from skrytka.store.seal import segments
from skrytka.store.seal.blob import (
    BlobReader,
    SealedBlob,
)
from tests.unit.store.seal.blob_support import BIG, SEGMENT, big_blob, content, read, stored_form, write


@pytest.fixture(scope="module")
def big() -> tuple[SealedBlob, bytes]:
    return big_blob()


def assert_corrupt(stored: bytes, blob: SealedBlob) -> None:
    with pytest.raises(PermanentError) as caught:
        read(stored, blob)
    assert caught.value.reason is Reason.CORRUPT
    assert blob.blob_id.hex() in caught.value.detail


async def test_every_flipped_bit_of_a_small_blob_is_seen(tmp_path: Path) -> None:
    blob = await write(tmp_path, content(300))
    stored = stored_form(blob)
    for at in range(len(stored)):
        for bit in range(8):
            assert_corrupt(stored[:at] + bytes([stored[at] ^ 1 << bit]) + stored[at + 1 :], blob)


async def test_every_length_but_the_right_one_is_seen(tmp_path: Path) -> None:
    blob = await write(tmp_path, content(300))
    stored = stored_form(blob)
    for length in range(len(stored)):
        assert_corrupt(stored[:length], blob)
    for more in (b"\0", b"\0\0\0\x01", stored):
        assert_corrupt(stored + more, blob)


@given(st.data())
def test_a_flipped_byte_of_a_large_blob_is_seen(big: tuple[SealedBlob, bytes], data: st.DataObject) -> None:
    blob, stored = big
    near_the_end = st.integers(len(stored) - 60, len(stored) - 1)
    at = data.draw(st.integers(0, len(stored) - 1) | near_the_end)
    change = data.draw(st.integers(1, 255))
    assert_corrupt(stored[:at] + bytes([stored[at] ^ change]) + stored[at + 1 :], blob)


@given(st.data())
def test_a_large_blob_cut_or_extended_is_seen(big: tuple[SealedBlob, bytes], data: st.DataObject) -> None:
    blob, stored = big
    assert_corrupt(stored[: data.draw(st.integers(0, len(stored) - 1))], blob)
    assert_corrupt(stored + data.draw(st.binary(min_size=1, max_size=50)), blob)


def cut(big: tuple[SealedBlob, bytes]) -> tuple[list[bytes], list[tuple[int, int]]]:
    """The three sealed segments, and what its index says of them."""
    blob, stored = big
    extents = BlobReader(stored, blob.blob_id, blob.key)._extents
    pieces = [stored[extent.stored_start : extent.stored_start + extent.stored_length] for extent in extents]
    return pieces, [(extent.length, extent.stored_length) for extent in extents]


def build(blob: SealedBlob, pieces: list[bytes], lengths: list[tuple[int, int]]) -> bytes:
    """A blob of these segments with an index that fits, as only a holder of the key could make it."""
    sealer = segments.Sealer(blob.blob_id, blob.key)
    return segments.MAGIC + b"".join(pieces) + sealer.seal_index(lengths) + len(lengths).to_bytes(4, "big")


def test_segments_built_again_in_order_are_the_blob(big: tuple[SealedBlob, bytes]) -> None:
    pieces, lengths = cut(big)
    assert build(big[0], pieces, lengths) == big[1]


@pytest.mark.parametrize("order", [(1, 0, 2), (0, 2, 1), (0, 1), (0, 2), (0, 0, 2), (0, 1, 2, 2), (0, 1, 1, 2)])
def test_segments_swapped_doubled_or_dropped_do_not_open(big: tuple[SealedBlob, bytes], order: tuple[int, ...]) -> None:
    pieces, lengths = cut(big)
    assert_corrupt(build(big[0], [pieces[at] for at in order], [lengths[at] for at in order]), big[0])


def test_the_first_segment_alone_is_not_the_blob(big: tuple[SealedBlob, bytes]) -> None:
    pieces, _ = cut(big)
    assert_corrupt(segments.MAGIC + pieces[0] + b"\0\0\0\x01", big[0])


def test_an_index_that_lies_about_a_length_is_seen(big: tuple[SealedBlob, bytes]) -> None:
    pieces, lengths = cut(big)
    assert_corrupt(build(big[0], pieces, [(lengths[0][0] - 1, lengths[0][1]), *lengths[1:]]), big[0])


def test_an_index_that_lies_about_the_stored_length_is_seen(big: tuple[SealedBlob, bytes]) -> None:
    pieces, lengths = cut(big)
    assert_corrupt(build(big[0], pieces, [*lengths[:2], (lengths[2][0], lengths[2][1] + 1)]), big[0])


@pytest.mark.parametrize("count", [0, 1, 2, 4, 1000, 2**31, 2**32 - 1])
def test_a_wrong_number_of_segments_is_seen(big: tuple[SealedBlob, bytes], count: int) -> None:
    assert_corrupt(big[1][:-4] + count.to_bytes(4, "big"), big[0])


async def test_more_segments_than_would_fit_are_seen(tmp_path: Path) -> None:
    blob = await write(tmp_path, content(300))
    stored = stored_form(blob)
    assert_corrupt(stored[:-4] + (len(stored) // 16).to_bytes(4, "big"), blob)


async def test_segments_of_another_blob_under_the_same_key_do_not_open(big: tuple[SealedBlob, bytes]) -> None:
    pieces, lengths = cut(big)
    other = segments.Sealer(BlobId(b"o" * 16), big[0].key)
    foreign = other.seal_segment(1, BIG[SEGMENT : 2 * SEGMENT], is_last=False)
    assert_corrupt(build(big[0], [pieces[0], foreign, pieces[2]], lengths), big[0])


def test_damage_is_met_only_where_it_is(big: tuple[SealedBlob, bytes]) -> None:
    blob, stored = big
    reader = BlobReader(stored[:1000] + bytes([stored[1000] ^ 1]) + stored[1001:], blob.blob_id, blob.key)
    assert reader.read(SEGMENT, 100) == BIG[SEGMENT : SEGMENT + 100]
    with pytest.raises(PermanentError, match="segment 0"):
        reader.read(0, 1)


def test_another_key_or_id_does_not_open(big: tuple[SealedBlob, bytes]) -> None:
    blob, stored = big
    for blob_id, key in ((blob.blob_id, Secret(b"x" * 32)), (BlobId(b"x" * 16), blob.key)):
        with pytest.raises(PermanentError):
            BlobReader(stored, blob_id, key)


async def test_a_disk_that_cannot_be_read_is_corruption_of_that_blob(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blob = await write(tmp_path, BIG)

    def pread(fd: int, length: int, offset: int) -> bytes:
        raise OSError(errno.EIO, "Input/output error")

    assert blob.spool_path is not None
    fd = os.open(blob.spool_path, os.O_RDONLY)
    monkeypatch.setattr(os, "pread", pread)
    with pytest.raises(PermanentError, match="Input/output error"):
        BlobReader(fd, blob.blob_id, blob.key)
    os.close(fd)


async def test_a_file_cut_while_it_is_read_is_corrupt(tmp_path: Path) -> None:
    blob = await write(tmp_path, BIG)
    assert blob.spool_path is not None
    fd = os.open(blob.spool_path, os.O_RDWR)
    reader = BlobReader(fd, blob.blob_id, blob.key)
    os.ftruncate(fd, 10)
    with pytest.raises(PermanentError, match="shorter"):
        reader.read_all()
    os.close(fd)
