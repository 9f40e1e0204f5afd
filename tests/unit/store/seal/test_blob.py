import asyncio
import errno
import hashlib
import os
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skrytka.model.errors import Reason, TransientError
from skrytka.store.seal.blob import (
    INLINE_BYTES,
    PIECE_BYTES,
    BlobReader,
    BlobWriter,
    MemoryBudget,
    SealedBlob,
)
from tests.unit.store.seal.blob_support import (
    BIG,
    CLOCK,
    RANDOM,
    SEGMENT,
    big_blob,
    content,
    read,
    stored_form,
    take_all,
    write,
)

NOISE = os.urandom(SEGMENT)


@pytest.fixture(scope="module")
def big() -> tuple[SealedBlob, bytes]:
    return big_blob()


# -- round trips --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "size",
    [0, 1, 600, 5000, INLINE_BYTES, INLINE_BYTES + 1, SEGMENT - 1, SEGMENT, SEGMENT + 1, 2 * SEGMENT, 3 * SEGMENT + 7],
)
@pytest.mark.parametrize("piece", [1000, 65_536, 10_000_000])
async def test_what_was_written_is_read(tmp_path: Path, size: int, piece: int) -> None:
    data = content(size)
    memory = MemoryBudget()
    blob = await write(tmp_path, data, piece, memory)
    stored = stored_form(blob)
    reader = BlobReader(stored, blob.blob_id, blob.key)
    assert reader.read_all() == b"".join(reader.chunks()) == data
    assert (reader.size, blob.size, blob.stored_size) == (size, size, len(stored))
    assert blob.sha256 == hashlib.sha256(data).digest()
    assert (blob.stored is None) == (size > SEGMENT) == (blob.spool_path is not None)
    assert len(os.listdir(tmp_path)) == (size > SEGMENT)
    assert memory.held_bytes == 0


@given(st.lists(st.tuples(st.integers(0, 90_000), st.booleans()), max_size=8), st.integers(0, 300_000))
@settings(max_examples=25)
def test_any_size_and_chunking_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[tuple[int, bool]], budget: int
) -> None:
    """Whatever the pieces and however little memory there is."""
    folder = tmp_path_factory.mktemp("spool")
    chunks = [bytes(size) if is_flat else NOISE[:size] for size, is_flat in pieces]
    memory = MemoryBudget(budget)

    async def run() -> SealedBlob:
        writer = BlobWriter(folder, CLOCK, RANDOM, memory)
        for chunk in chunks:
            await writer.write(chunk)
        return await writer.finish()

    blob = asyncio.run(run())
    assert read(stored_form(blob), blob) == b"".join(chunks)
    assert blob.sha256 == hashlib.sha256(b"".join(chunks)).digest()
    assert memory.held_bytes == 0


@given(st.integers(0, len(BIG) + 10), st.integers(0, len(BIG) + 10))
def test_reading_any_range_equals_slicing(big: tuple[SealedBlob, bytes], offset: int, length: int) -> None:
    blob, stored = big
    reader = BlobReader(stored, blob.blob_id, blob.key)
    assert reader.read(offset, length) == BIG[offset : offset + length]


def test_ranges_may_be_read_in_any_order(big: tuple[SealedBlob, bytes]) -> None:
    blob, stored = big
    reader = BlobReader(stored, blob.blob_id, blob.key)
    for offset in (2 * SEGMENT, 0, SEGMENT - 5, SEGMENT, 7, len(BIG) - 1):
        assert reader.read(offset, 100) == BIG[offset : offset + 100]


async def test_a_range_of_a_small_blob_equals_slicing(tmp_path: Path) -> None:
    data = content(5000)
    blob = await write(tmp_path, data)
    reader = BlobReader(stored_form(blob), blob.blob_id, blob.key)
    assert [reader.read(at, 700) for at in (0, 4000, 4999, 5000, 9000)] == [
        data[:700], data[4000:4700], data[4999:], b"", b"",
    ]  # fmt: skip


@pytest.mark.parametrize(("offset", "length"), [(-1, 5), (5, -1)])
def test_a_range_counts_from_the_start(big: tuple[SealedBlob, bytes], offset: int, length: int) -> None:
    blob, stored = big
    with pytest.raises(ValueError, match="from the start"):
        BlobReader(stored, blob.blob_id, blob.key).read(offset, length)


@pytest.mark.parametrize("size", [0, 5000, len(BIG)])
async def test_a_descriptor_is_read_in_place(tmp_path: Path, size: int) -> None:
    blob = await write(tmp_path, BIG[:size])
    path = tmp_path / "copy"
    path.write_bytes(stored_form(blob))
    fd = os.open(path, os.O_RDONLY)
    reader = BlobReader(fd, blob.blob_id, blob.key)
    assert reader.read_all() == BIG[:size]
    assert reader.read(size // 2, 100) == BIG[:size][size // 2 : size // 2 + 100]
    assert os.lseek(fd, 0, os.SEEK_CUR) == 0
    os.close(fd)


async def test_a_descriptor_is_read_only_where_it_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blob = await write(tmp_path, BIG)
    real, taken = os.pread, 0

    def pread(fd: int, length: int, offset: int) -> bytes:
        nonlocal taken
        data = real(fd, min(length, 40_000), offset)  # short reads are carried on
        taken += len(data)
        return data

    assert blob.spool_path is not None
    fd = os.open(blob.spool_path, os.O_RDONLY)
    monkeypatch.setattr(os, "pread", pread)
    reader = BlobReader(fd, blob.blob_id, blob.key)
    assert reader.read(SEGMENT + 10, 5) == BIG[SEGMENT + 10 : SEGMENT + 15]
    once = taken
    assert once < SEGMENT + 200
    assert reader.read(SEGMENT + 100, 5000) == BIG[SEGMENT + 100 : SEGMENT + 5100]
    assert taken == once
    os.close(fd)


# -- what is on the disk ------------------------------------------------------------------------------------------


async def test_sealed_twice_shares_no_16_bytes(tmp_path: Path) -> None:
    for data in (content(3000), bytes(SEGMENT + 5000)):
        once, twice = [stored_form(await write(tmp_path, data)) for _ in range(2)]
        assert {once[at : at + 16] for at in range(len(once) - 15)}.isdisjoint(
            twice[at : at + 16] for at in range(len(twice) - 15)
        )


async def test_each_writer_has_its_own_key_and_id(tmp_path: Path) -> None:
    one, other = await write(tmp_path, b""), await write(tmp_path, b"")
    assert one.blob_id != other.blob_id
    assert one.key.reveal() != other.key.reveal()
    assert len(one.blob_id) == 16
    assert len(one.key) == 32


async def test_a_spool_file_is_sealed_before_it_touches_the_disk(tmp_path: Path) -> None:
    known = b"A sentence that everybody would recognise at once. "
    writer = BlobWriter(tmp_path, CLOCK, RANDOM, MemoryBudget())
    await writer.write(known * 12_000)
    path = tmp_path / writer.blob_id.hex()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.stat().st_size > 100
    blob = await writer.finish()
    stored = path.read_bytes()
    assert known[:16] not in stored
    assert b"\x28\xb5\x2f\xfd" not in stored  # a zstd frame
    assert str(path) == blob.spool_path


async def test_a_spool_file_is_synced_when_finish_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    real = os.fdatasync

    def sync(fd: int) -> None:
        sizes.append(os.fstat(fd).st_size)
        real(fd)

    monkeypatch.setattr(os, "fdatasync", sync)
    blob = await write(tmp_path, BIG)
    assert sizes == [blob.stored_size]


# -- faults, memory, threads --------------------------------------------------------------------------------------


def fill_disk(monkeypatch: pytest.MonkeyPatch, *, call: str, after: int) -> None:
    """Let a call of the file system fail with ENOSPC from its ``after``-th time on."""
    real = getattr(os, call)
    calls = 0

    def limited(*args: object) -> object:
        nonlocal calls
        calls += 1
        if calls > after:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*args)

    monkeypatch.setattr(os, call, limited)


@pytest.mark.parametrize(("call", "after"), [("open", 0), *(("write", at) for at in range(5)), ("fdatasync", 0)])
async def test_a_full_disk_is_transient_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, after: int
) -> None:
    memory = MemoryBudget()
    writer = BlobWriter(tmp_path, CLOCK, RANDOM, memory)
    with monkeypatch.context() as patch:
        fill_disk(patch, call=call, after=after)
        with pytest.raises(TransientError) as caught:
            await take_all(writer, BIG)
    assert caught.value.reason is Reason.DISK_FULL
    assert os.listdir(tmp_path) == []
    assert memory.held_bytes == 0
    for again in (writer.write(b"more"), writer.finish()):
        with pytest.raises(TransientError) as caught:
            await again
        assert caught.value.reason is Reason.DISK_FULL
    await writer.abort()


async def test_a_missing_folder_is_transient(tmp_path: Path) -> None:
    with pytest.raises(TransientError) as caught:
        await write(tmp_path / "absent", BIG)
    assert caught.value.reason is Reason.STORE_DOWN


async def test_abort_leaves_nothing_at_any_time(tmp_path: Path) -> None:
    memory = MemoryBudget()
    for size in (0, 100, 200_000, len(BIG)):
        writer = BlobWriter(tmp_path, CLOCK, RANDOM, memory)
        await writer.write(BIG[:size])
        await writer.abort()
        await writer.abort()
        assert os.listdir(tmp_path) == []
        assert memory.held_bytes == 0


async def test_abort_after_finish_removes_what_the_store_did_not_take(tmp_path: Path) -> None:
    writer = BlobWriter(tmp_path, CLOCK, RANDOM, MemoryBudget())
    await writer.write(BIG)
    await writer.finish()
    await writer.abort()
    assert os.listdir(tmp_path) == []


async def test_abort_after_the_store_took_the_file_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    writer = BlobWriter(tmp_path / "spool", CLOCK, RANDOM, MemoryBudget())
    await writer.write(BIG)
    blob = await writer.finish()
    assert blob.spool_path is not None
    os.rename(blob.spool_path, tmp_path / "taken")
    await writer.abort()
    assert read((tmp_path / "taken").read_bytes(), blob) == BIG


async def test_a_session_cancelled_while_a_thread_writes_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, may_go_on = threading.Event(), threading.Event()
    real = os.write

    def slow(fd: int, data: memoryview) -> int:
        started.set()
        may_go_on.wait(10)
        return real(fd, data)

    monkeypatch.setattr(os, "write", slow)
    memory = MemoryBudget()
    writer = BlobWriter(tmp_path, CLOCK, RANDOM, memory)
    async with asyncio.TaskGroup() as group:
        session = group.create_task(writer.write(BIG))
        assert await asyncio.to_thread(started.wait, 10)
        session.cancel()
    assert session.cancelled()
    threading.Timer(0.01, may_go_on.set).start()
    await writer.abort()
    assert may_go_on.is_set()  # abort waited for the thread: a descriptor in use is never closed
    assert os.listdir(tmp_path) == []
    assert memory.held_bytes == 0


async def test_small_blobs_use_no_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asyncio.get_running_loop(), "run_in_executor", None)
    blob = await write(tmp_path, content(INLINE_BYTES))
    assert blob.size == INLINE_BYTES
    with pytest.raises(TypeError):
        await write(tmp_path, content(INLINE_BYTES + 1))


async def test_sessions_together_hold_no_more_than_the_budget(tmp_path: Path) -> None:
    memory = MemoryBudget(200_000)
    writers = [BlobWriter(tmp_path, CLOCK, RANDOM, memory) for _ in range(6)]
    data = content(120_000)
    for at in range(0, len(data), 10_000):
        for writer in writers:
            await writer.write(data[at : at + 10_000])
            assert memory.held_bytes <= 200_000
            assert sum(len(one._buffer) for one in writers) <= 200_000 + len(writers) * PIECE_BYTES
    blobs = [await writer.finish() for writer in writers]
    assert memory.held_bytes == 0
    assert any(blob.stored is None for blob in blobs)
    assert all(read(stored_form(blob), blob) == data for blob in blobs)


async def test_a_writer_without_memory_spools_in_pieces_that_are_no_tiny_ones(tmp_path: Path) -> None:
    data = content(100_000)
    blob = await write(tmp_path, data, piece=100, memory=MemoryBudget(0))
    assert blob.spool_path is not None
    reader = BlobReader(stored_form(blob), blob.blob_id, blob.key)
    assert reader.read_all() == data
    assert len(reader._extents) <= len(data) // PIECE_BYTES + 1
    assert [reader.read(at, 20_000) for at in (0, 16_000, 90_000)] == [
        data[:20_000],
        data[16_000:36_000],
        data[90_000:],
    ]


async def test_memory_is_given_back_when_a_segment_is_spooled(tmp_path: Path) -> None:
    memory = MemoryBudget()
    writer = BlobWriter(tmp_path, CLOCK, RANDOM, memory)
    await writer.write(BIG[:200_000])
    assert memory.held_bytes == 200_000
    await writer.write(BIG[200_000:300_000])
    assert memory.held_bytes == 300_000 - SEGMENT
    await writer.abort()


async def test_no_secret_shows_in_a_repr(tmp_path: Path) -> None:
    blob = await write(tmp_path, b"text")
    assert "Secret()" in repr(blob)
    assert repr(blob.key.reveal())[2:10] not in repr(blob)
    assert "stored=" not in repr(blob)
