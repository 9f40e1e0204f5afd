"""Writing and reading sealed blobs: the content of a message, immutable, each under a fresh key.

Up to 256 KiB a blob stays in memory and becomes one value of a row. Above, or when the process holds too much message
data already, it goes to a spool file, sealed before it touches the disk. Nothing is durable before ``finish`` returned,
and nothing is left behind after ``abort`` or an error. Format: ``segments`` and docs/formats.md, "Blob".
"""

import asyncio
import bisect
import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from skrytka.model.clock import Clock, Random
from skrytka.model.errors import TransientError
from skrytka.model.ids import BlobId, new_id
from skrytka.model.secret import Secret
from skrytka.store.seal.budget import MemoryBudget
from skrytka.store.seal.segments import (
    MAGIC,
    SEGMENT_BYTES,
    TAG_BYTES,
    TRAILER_BYTES,
    Extent,
    Sealer,
    corrupt,
    index_bytes,
    seal_small,
)
from skrytka.store.seal.spool import SpoolFile

__all__ = ["BlobReader", "BlobWriter", "MemoryBudget", "SealedBlob", "Source"]

INLINE_BYTES: Final = 128 * 1024  # sealing this takes less than 1 ms; more goes to a thread
PIECE_BYTES: Final = 16 * 1024  # what each writer may hold even when the budget is used up

Source = bytes | int  # the stored form itself, or a descriptor that is read with pread and stays the caller's


@dataclass(frozen=True, slots=True, eq=False)
class SealedBlob:
    """A finished blob: either ``stored`` (its bytes) or ``spool_path`` (a synced file the store takes over)."""

    blob_id: BlobId
    key: Secret
    size: int
    sha256: bytes
    stored: bytes | None = field(repr=False)
    spool_path: str | None
    stored_size: int


class BlobWriter:
    """Takes one message's content piece by piece; one writer per attempt, used by one session."""

    __slots__ = (
        "_buffer",
        "_failure",
        "_hash",
        "_held_bytes",
        "_job",
        "_key",
        "_lengths",
        "_memory",
        "_sealer",
        "_size",
        "_spool",
        "_spool_dir",
        "blob_id",
    )

    def __init__(self, spool_dir: Path | str, clock: Clock, random: Random, memory: MemoryBudget) -> None:
        self.blob_id: Final = BlobId(new_id(clock, random))
        self._key: Final = Secret(random.token(32))
        self._sealer: Final = Sealer(self.blob_id, self._key)
        self._spool_dir = spool_dir
        self._memory = memory
        self._held_bytes = 0  # what the budget counts for us
        self._buffer = bytearray()  # content that is in no segment yet
        self._hash = hashlib.sha256()  # of the content in segments
        self._size = 0
        self._lengths: list[tuple[int, int]] = []
        self._spool: SpoolFile | None = None
        self._job: asyncio.Future[object] | None = None
        self._failure: TransientError | None = None

    async def write(self, data: bytes) -> None:
        """Take more content. TransientError(DISK_FULL, STORE_DOWN): nothing is left, and every later call says so."""
        if self._failure is not None:
            raise self._failure
        self._buffer += data
        self._size += len(data)
        while len(self._buffer) > SEGMENT_BYTES:  # the last segment is known only in finish()
            await self._in_thread(lambda: self._spool_segment(SEGMENT_BYTES, is_last=False))
        if not self._count_memory() and len(self._buffer) > PIECE_BYTES:
            await self._in_thread(lambda: self._spool_segment(len(self._buffer), is_last=False))
            self._count_memory()

    async def finish(self) -> SealedBlob:
        """The sealed blob; a spool file is on the disk (fdatasync) when this returns, its folder entry is not."""
        if self._failure is not None:
            raise self._failure
        stored: bytes | None = None
        if self._spool is None:
            if len(self._buffer) > INLINE_BYTES:
                stored = await asyncio.get_running_loop().run_in_executor(None, self._seal_small)
            else:
                stored = self._seal_small()
        else:
            await self._in_thread(self._finish_spool)
        self._release_memory()
        spool = self._spool
        return SealedBlob(
            blob_id=self.blob_id,
            key=self._key,
            size=self._size,
            sha256=self._hash.digest(),
            stored=stored,
            spool_path=str(spool.path) if spool else None,
            stored_size=spool.size if spool else len(stored or b""),
        )

    async def abort(self) -> None:
        """Leave nothing behind; allowed at any time, and twice.

        After ``finish`` it removes the spool file unless the store has taken it (renamed it away).
        """
        job = self._job
        if job is not None:
            await asyncio.wait([job])  # a cancelled session: the thread may still use the descriptor
            if not job.cancelled():
                job.exception()  # seen: whoever aborts does not care any more
        self._buffer = bytearray()
        self._release_memory()
        if self._spool is not None:
            self._spool.remove()

    def _count_memory(self) -> bool:
        """Make the budget count what the buffer holds now; False when that is too much."""
        more = len(self._buffer) - self._held_bytes
        if more > 0 and not self._memory.take(more):
            return False
        if more < 0:
            self._memory.release(-more)
        self._held_bytes += more
        return True

    def _release_memory(self) -> None:
        self._memory.release(self._held_bytes)
        self._held_bytes = 0

    async def _in_thread(self, work: Callable[[], object]) -> None:
        self._job = asyncio.get_running_loop().run_in_executor(None, work)
        try:
            await asyncio.shield(self._job)
        except TransientError as exc:
            self._failure = exc
            self._buffer = bytearray()
            self._release_memory()
            raise

    # -- the rest runs in a thread, or inline for a small blob ---------------------------------------------------

    def _seal_small(self) -> bytes:
        self._hash.update(self._buffer)
        return seal_small(self._sealer, self._buffer)

    def _spool_segment(self, length: int, *, is_last: bool) -> SpoolFile:
        if self._spool is None:
            self._spool = SpoolFile(Path(self._spool_dir) / self.blob_id.hex())
            self._spool.append(MAGIC)
        plain = bytes(memoryview(self._buffer)[:length])
        self._hash.update(plain)
        sealed = self._sealer.seal_segment(len(self._lengths), plain, is_last=is_last)
        self._spool.append(sealed)
        self._lengths.append((len(plain), len(sealed)))
        del self._buffer[:length]
        return self._spool

    def _finish_spool(self) -> None:
        spool = self._spool_segment(len(self._buffer), is_last=True)
        index = self._sealer.seal_index(self._lengths) if len(self._lengths) > 1 else b""
        spool.append(index + len(self._lengths).to_bytes(TRAILER_BYTES, "big"))
        spool.sync()


def open_small(stored: bytes, blob_id: BlobId, key: Secret) -> bytes | None:
    """The content of a blob of one segment; None if it has more. PermanentError(CORRUPT)."""
    if stored[-TRAILER_BYTES:] != (1).to_bytes(TRAILER_BYTES, "big") or stored[: len(MAGIC)] != MAGIC:
        return None
    return Sealer(blob_id, key).open_segment(0, stored[len(MAGIC) : -TRAILER_BYTES], is_last=True)


class BlobReader:
    """Reads a sealed blob at any offset; opens only the segments it needs and keeps the last one.

    PermanentError(CORRUPT), naming the blob, when anything differs from what was written: at once for a wrong length,
    else when the damaged segment is read.
    """

    __slots__ = ("_cached", "_cached_number", "_extents", "_sealer", "_source", "_starts", "_stored_size")

    def __init__(self, source: Source, blob_id: BlobId, key: Secret) -> None:
        self._source = source
        self._sealer = Sealer(blob_id, key)
        self._cached_number = -1
        self._cached = b""
        self._stored_size = len(source) if isinstance(source, bytes) else os.fstat(source).st_size
        count = self._segment_count()
        self._extents: list[Extent]
        if count == 1:  # the common case: no index; the last flag and the tag prove that it is whole
            stored_length = self._stored_size - len(MAGIC) - TRAILER_BYTES
            self._cached = self._open(0, len(MAGIC), stored_length, is_last=True)
            self._cached_number = 0
            self._extents = [Extent(0, len(self._cached), len(MAGIC), stored_length)]
        else:
            self._extents = self._read_index(count)
        self._starts = [extent.start for extent in self._extents]

    @property
    def size(self) -> int:
        """Length of the content."""
        last = self._extents[-1]
        return last.start + last.length

    def read(self, offset: int, length: int) -> bytes:
        """``content[offset : offset + length]``: shorter at the end, empty beyond it."""
        if offset < 0 or length < 0:
            raise ValueError("offset and length count from the start")
        end = min(offset + length, self.size)
        if offset >= end:
            return b""
        if len(self._extents) == 1:
            return self._cached[offset:end]
        pieces: list[bytes] = []
        number = bisect.bisect_right(self._starts, offset) - 1
        while offset < end:
            extent = self._extents[number]
            piece = self._segment(number)[offset - extent.start : end - extent.start]
            pieces.append(piece)
            offset += len(piece)
            number += 1
        return b"".join(pieces)

    def read_all(self) -> bytes:
        """The whole content; prefer :meth:`chunks` for what may be large."""
        return self._cached if len(self._extents) == 1 else b"".join(self.chunks())

    def chunks(self) -> Iterator[bytes]:
        """The content, a segment at a time."""
        for number in range(len(self._extents)):
            yield self._segment(number)

    def _segment(self, number: int) -> bytes:
        if number != self._cached_number:
            extent = self._extents[number]
            is_last = number == len(self._extents) - 1
            plain = self._open(number, extent.stored_start, extent.stored_length, is_last=is_last)
            if len(plain) != extent.length:
                raise corrupt(self._sealer.blob_id, f"segment {number} has a wrong length")
            self._cached, self._cached_number = plain, number
        return self._cached

    def _open(self, number: int, start: int, length: int, *, is_last: bool) -> bytes:
        return self._sealer.open_segment(number, self._fetch(start, length), is_last=is_last)

    def _segment_count(self) -> int:
        size = self._stored_size
        if size < len(MAGIC) + TRAILER_BYTES + TAG_BYTES:
            raise corrupt(self._sealer.blob_id, "too short")
        if self._fetch(0, len(MAGIC)) != MAGIC:
            raise corrupt(self._sealer.blob_id, "unknown format")
        count = int.from_bytes(self._fetch(size - TRAILER_BYTES, TRAILER_BYTES), "big")
        if count == 0:
            raise corrupt(self._sealer.blob_id, "without segments")
        return count

    def _read_index(self, count: int) -> list[Extent]:
        length = index_bytes(count)
        start = self._stored_size - TRAILER_BYTES - length
        if start < len(MAGIC):
            raise corrupt(self._sealer.blob_id, "too short for its index")
        extents = self._sealer.open_index(count, self._fetch(start, length))
        last = extents[-1]
        if len(extents) != count or last.stored_start + last.stored_length != start:
            raise corrupt(self._sealer.blob_id, "its length is not that of its index")
        return extents

    def _fetch(self, start: int, length: int) -> bytes:
        source = self._source
        if isinstance(source, bytes):
            return source[start : start + length]
        data = b""
        try:
            while len(data) < length:  # a file system may give less than was asked for
                more = os.pread(source, length - len(data), start + len(data))
                if not more:
                    raise corrupt(self._sealer.blob_id, "shorter than it was")
                data += more
        except OSError as exc:
            raise corrupt(self._sealer.blob_id, f"cannot be read: {exc.strerror}") from exc
        return data
