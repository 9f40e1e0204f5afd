"""What sealing costs, in microseconds, best of five rounds: ``python -m bench.sealing`` (docs/performance.md)."""

import asyncio
import base64
import os
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from skrytka.model.ids import AccountId, BlobId, new_id
from skrytka.model.secret import Secret
from skrytka.store.seal.blob import BlobReader, BlobWriter, MemoryBudget, SealedBlob
from skrytka.store.seal.keys import AccountKeys, Kind, MacKind
from skrytka.store.system import SystemClock, SystemRandom

ROUNDS = 5
CLOCK, RANDOM = SystemClock(), SystemRandom()
ACCOUNT_KEY = Secret(RANDOM.token(32))
KEYS = AccountKeys(AccountId(1), ACCOUNT_KEY, RANDOM)


def show(name: str, seconds: float, note: str = "") -> None:
    print(f"{name:34} {seconds * 1e6:10.1f} us  {note}")


def measure(name: str, call: Callable[[], object], times: int = 1000) -> None:
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(times):
            call()
        best = min(best, (time.perf_counter() - start) / times)
    show(name, best)


async def write(folder: Path, data: bytes) -> SealedBlob:
    writer = BlobWriter(folder, CLOCK, RANDOM, MemoryBudget())
    for at in range(0, len(data), 65_536):
        await writer.write(data[at : at + 65_536])
    return await writer.finish()


async def measure_write(name: str, folder: Path, data: bytes, times: int) -> None:
    best, blob = float("inf"), None
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(times):
            blob = await write(folder, data)
        best = min(best, (time.perf_counter() - start) / times)
    show(name, best, f"{len(data)} bytes to {blob.stored_size if blob else 0}")


def words(size: int) -> bytes:
    """Text that compresses about as mail does."""
    chance = random.Random(1)
    letters = b"aaabcdeeeefghiiiklmnnoooprstuwyz"
    known = [bytes(chance.choices(letters, k=chance.randint(2, 10))) for _ in range(4000)]
    return b" ".join(chance.choices(known, k=size // 4))[:size]


def records() -> None:
    blob_id, key, summary = BlobId(new_id(CLOCK, RANDOM)), Secret(RANDOM.token(32)), os.urandom(600)
    wrapped, sealed = KEYS.wrap_blob_key(blob_id, blob_id, key), KEYS.seal(Kind.SUMMARY, blob_id, summary)
    measure("12 random bytes", lambda: RANDOM.token(12))
    measure("keys of an account", lambda: AccountKeys(AccountId(1), ACCOUNT_KEY, RANDOM), 100)
    measure("wrap a blob key", lambda: KEYS.wrap_blob_key(blob_id, blob_id, key))
    measure("unwrap a blob key", lambda: KEYS.unwrap_blob_key(blob_id, blob_id, wrapped))
    measure("seal a summary of 600 bytes", lambda: KEYS.seal(Kind.SUMMARY, blob_id, summary))
    measure("open a summary of 600 bytes", lambda: KEYS.open(Kind.SUMMARY, blob_id, sealed))
    measure("keyed hash of 32 bytes", lambda: KEYS.mac(MacKind.DIGEST, summary[:32]))


async def blobs(folder: Path) -> None:
    text, encoded = words(256 * 1024), base64.encodebytes(os.urandom(7_500_000))
    small = await write(folder, text[:5000])
    stored = small.stored or b""
    await measure_write("write a blob of 5 KB", folder, text[:5000], 200)
    measure("read a blob of 5 KB", lambda: BlobReader(stored, small.blob_id, small.key).read_all())
    await measure_write("write a blob of 64 KiB", folder, text[:65_536], 20)
    await measure_write("write a blob of 128 KiB", folder, text[:131_072], 10)
    await measure_write("write a blob of 256 KiB (thread)", folder, text, 10)
    await measure_write("write 10 MB base64, synced", folder, encoded, 1)
    large = await write(folder, encoded)
    fd = os.open(large.spool_path or "", os.O_RDONLY)
    measure(
        "open it, read 4 KiB in the middle", lambda: BlobReader(fd, large.blob_id, large.key).read(5_000_000, 4096), 50
    )
    reader = BlobReader(fd, large.blob_id, large.key)
    measure("read all of it", lambda: sum(map(len, reader.chunks())), 3)
    os.close(fd)


def main() -> None:
    records()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(blobs(Path(folder)))


if __name__ == "__main__":
    main()
