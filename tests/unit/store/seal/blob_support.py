"""What the tests of blobs share: contents, and writing and reading them whole."""

import asyncio
import hashlib
from pathlib import Path
from tempfile import TemporaryDirectory

from skrytka.model.clock import FixedClock
from skrytka.store.seal.blob import BlobReader, BlobWriter, MemoryBudget, SealedBlob
from skrytka.store.system import SystemRandom

RANDOM = SystemRandom()
CLOCK = FixedClock()
SEGMENT = 256 * 1024


def content(size: int) -> bytes:
    """Half of each KiB compresses, half does not, and no two KiB are alike."""
    return b"".join(
        b"Lorem ipsum dolor " * 28 + hashlib.shake_128(at.to_bytes(4, "big")).digest(520)
        for at in range(size // 1024 + 1)
    )[:size]


BIG = content(2 * SEGMENT + 1000)


async def write(spool_dir: Path, data: bytes, piece: int = 65_536, memory: MemoryBudget | None = None) -> SealedBlob:
    return await take_all(BlobWriter(spool_dir, CLOCK, RANDOM, memory or MemoryBudget()), data, piece)


async def take_all(writer: BlobWriter, data: bytes, piece: int = 65_536) -> SealedBlob:
    for at in range(0, len(data), piece):
        await writer.write(data[at : at + piece])
    return await writer.finish()


def stored_form(blob: SealedBlob) -> bytes:
    if blob.stored is not None:
        return blob.stored
    assert blob.spool_path is not None
    return Path(blob.spool_path).read_bytes()


def read(stored: bytes, blob: SealedBlob) -> bytes:
    return BlobReader(stored, blob.blob_id, blob.key).read_all()


def big_blob() -> tuple[SealedBlob, bytes]:
    """A blob of three segments and its stored form."""
    with TemporaryDirectory() as folder:
        blob = asyncio.run(write(Path(folder), BIG))
        return blob, stored_form(blob)
