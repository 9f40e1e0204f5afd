import os

import pytest

from skrytka.mail.delivery.copies import blob_in
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import BlobId, QueueId, UnitId
from skrytka.model.secret import Secret
from skrytka.store.commands.queue import Enqueue, QueuedRecipient
from skrytka.store.seal.blob import BlobWriter, SealedBlob
from tests.unit.mail.world import World


async def stored(world: World, content: bytes) -> SealedBlob:
    """A blob that is in the store because the queue owns it."""
    writer = BlobWriter(world.root / "spool", world.clock, world.random, world.memory)
    await writer.write(content)
    blob = await writer.finish()
    await world.store.submit(
        Enqueue(
            unit=UnitId(world.random.token(16)),
            queue_id=QueueId(world.random.token(16)),
            blob=blob_in(blob),
            wrapped_key=b"",
            envelope=b"",
            recipients=(QueuedRecipient(b"", 0),),
        )
    )
    return blob


@pytest.mark.parametrize("size", [10, 600_000])
async def test_a_blob_is_read_from_its_row_or_its_file(world: World, size: int) -> None:
    content = os.urandom(size)
    blob = await stored(world, content)
    opened = await world.blobs.open(blob.blob_id, blob.key)
    assert opened.reader.read_all() == content
    opened.close()
    opened.close()


async def test_a_blob_that_is_not_there_is_corrupt(world: World) -> None:
    with pytest.raises(PermanentError) as caught:
        await world.blobs.open(BlobId(b"x" * 16), Secret(b"k" * 32))
    assert caught.value.reason is Reason.CORRUPT


async def test_a_file_that_is_gone_or_cut_is_corrupt(world: World) -> None:
    blob = await stored(world, os.urandom(600_000))
    (path,) = [path for path in world.root.glob("blobs/*/*") if path.is_file()]
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(PermanentError) as caught:
        await world.blobs.open(blob.blob_id, blob.key)
    assert caught.value.reason is Reason.CORRUPT
    path.unlink()
    with pytest.raises(PermanentError) as caught:
        await world.blobs.open(blob.blob_id, blob.key)
    assert caught.value.reason is Reason.CORRUPT


async def test_a_wrong_key_opens_nothing_and_leaves_no_descriptor(world: World) -> None:
    blob = await stored(world, os.urandom(600_000))
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(PermanentError):
        await world.blobs.open(blob.blob_id, Secret(b"k" * 32))
    assert len(os.listdir("/proc/self/fd")) == before
