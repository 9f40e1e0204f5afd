from pathlib import Path

import pytest

from skrytka.mail.delivery.incoming import HeaderFilter
from skrytka.mail.delivery.message import HEADER_INLINE_BYTES, IncomingMessage, Sealed, verdict_of
from skrytka.model import reply
from skrytka.model.clock import FixedClock
from skrytka.model.errors import PermanentError, Reason, ReasonedError, TransientError
from skrytka.model.limits import MESSAGE_IN_MEMORY_BYTES
from skrytka.model.reply import Reply
from skrytka.model.verdict import Action, Verdict
from skrytka.protocol.mailauth.dkim.body import BodyHasher
from skrytka.protocol.mailauth.dkim.sign import SIGNED_BODY
from skrytka.store.seal.blob import BlobWriter
from skrytka.store.seal.budget import MemoryBudget
from tests.unit.mail.support import CountingRandom
from tests.unit.mail.world import MESSAGE


def incoming(folder: Path, memory: MemoryBudget, header_max: int = 1000) -> IncomingMessage:
    writer = BlobWriter(folder, FixedClock(), CountingRandom(), memory)
    return IncomingMessage(writer, HeaderFilter("mx.example.test", header_max), memory)


def files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def test_a_small_message_is_sealed_and_still_at_hand(tmp_path: Path) -> None:
    memory = MemoryBudget()
    message = incoming(tmp_path, memory)
    for at in range(0, len(MESSAGE), 7):
        await message.write(MESSAGE[at : at + 7])
    sealed = await message.finish()
    assert isinstance(sealed, Sealed)
    assert (sealed.content, sealed.blob.size, message.size_bytes) == (MESSAGE, len(MESSAGE), len(MESSAGE))
    assert MESSAGE not in (sealed.blob.stored or b"")
    await message.abort()
    assert memory.held_bytes == 0


@pytest.mark.parametrize("limit_bytes", [10**9, 0])
async def test_a_large_message_is_not_kept_in_clear(tmp_path: Path, limit_bytes: int) -> None:
    memory = MemoryBudget(limit_bytes)
    message = incoming(tmp_path, memory)
    await message.write(MESSAGE)
    await message.write(b"x" * MESSAGE_IN_MEMORY_BYTES)
    sealed = await message.finish()
    assert isinstance(sealed, Sealed)
    assert sealed.content is None
    assert sealed.blob.spool_path is not None
    await message.abort()
    assert (memory.held_bytes, files(tmp_path)) == (0, [])


async def test_too_large_a_header_is_told_at_the_end_and_the_rest_is_dropped(tmp_path: Path) -> None:
    memory = MemoryBudget()
    message = incoming(tmp_path, memory)
    await message.write(b"X: " + b"x" * 2000)
    await message.write(b"\r\n\r\n" + b"y" * 1000)
    verdict = await message.finish()
    assert isinstance(verdict, Verdict)
    assert (verdict.reply, memory.held_bytes) == (reply.HEADER_TOO_LARGE, 0)


async def test_a_disk_that_fails_is_told_at_the_end(tmp_path: Path) -> None:
    memory = MemoryBudget()
    message = incoming(tmp_path / "gone", memory)
    await message.write(MESSAGE)
    await message.write(b"x" * 2 * MESSAGE_IN_MEMORY_BYTES)
    verdict = await message.finish()
    assert isinstance(verdict, Verdict)
    assert (verdict.action, verdict.reason, memory.held_bytes) == (Action.DEFER, Reason.STORE_DOWN, 0)


async def test_abort_may_come_at_any_time_and_twice(tmp_path: Path) -> None:
    memory = MemoryBudget()
    message = incoming(tmp_path, memory)
    await message.write(MESSAGE)
    await message.abort()
    await message.abort()
    assert memory.held_bytes == 0


ERRORS: list[tuple[ReasonedError, Action, Reply]] = [
    (PermanentError(Reason.TOO_LARGE), Action.REJECT, reply.HEADER_TOO_LARGE),
    (PermanentError(Reason.CORRUPT), Action.DEFER, reply.LOCAL_ERROR),
    (PermanentError(Reason.KEY_UNAVAILABLE), Action.DEFER, reply.LOCAL_ERROR),
    (TransientError(Reason.DISK_FULL), Action.DEFER, reply.DISK_FULL),
    (TransientError(Reason.STORE_DOWN), Action.DEFER, reply.STORE_DOWN),
    (TransientError(Reason.STORE_BUSY), Action.DEFER, reply.STORE_DOWN),
]


@pytest.mark.parametrize(("error", "action", "answer"), ERRORS)
def test_only_what_is_the_peers_fault_is_refused_for_good(error: ReasonedError, action: Action, answer: Reply) -> None:
    verdict = verdict_of(error)
    assert (verdict.action, verdict.reply, verdict.reason) == (action, answer, error.reason)


LONG_HEADER = b"a:b\r\n" * (2 * HEADER_INLINE_BYTES // 5)


@pytest.mark.parametrize("end", [b"\r\n", b""])
async def test_a_long_header_is_counted_while_it_is_held_and_passes_unchanged(tmp_path: Path, end: bytes) -> None:
    memory = MemoryBudget()
    message = incoming(tmp_path, memory, 100_000)
    for at in range(0, len(LONG_HEADER), 10_000):
        await message.write(LONG_HEADER[at : at + 10_000])
    assert len(LONG_HEADER) - HEADER_INLINE_BYTES < memory.held_bytes < len(LONG_HEADER)
    await message.write(end)
    sealed = await message.finish()
    assert isinstance(sealed, Sealed)
    assert sealed.content == LONG_HEADER + end
    await message.abort()
    assert memory.held_bytes == 0


async def test_when_memory_is_short_long_headers_wait_and_usual_ones_pass(tmp_path: Path) -> None:
    memory = MemoryBudget(10_000)
    long = incoming(tmp_path, memory, 100_000)
    await long.write(LONG_HEADER)
    verdict = await long.finish()
    assert isinstance(verdict, Verdict)
    assert (verdict.action, verdict.reason) == (Action.DEFER, Reason.STORE_BUSY)
    assert memory.held_bytes == 0
    usual = incoming(tmp_path, memory, 100_000)
    await usual.write(LONG_HEADER[:5_000] + b"\r\n")
    assert isinstance(await usual.finish(), Sealed)
    await usual.abort()


@pytest.mark.parametrize("step", [1, 7, 10**6])
@pytest.mark.parametrize(
    ("message", "body"),
    [
        (MESSAGE, b"Hello Alice\r\n"),
        (MESSAGE.partition(b"\r\n\r\n")[0] + b"\r\n", b""),
        (b"\r\nx  y\r\n", b"x  y\r\n"),
        (b"A: " + b"a" * HEADER_INLINE_BYTES + b"\r\n\r\nbody", b"body"),
        (b"A: a\r\n\r\n" + b"0123456789 \r\n" * 20_000, b"0123456789 \r\n" * 20_000),
    ],
    ids=["usual", "no body", "no header", "long header", "large"],
)
async def test_the_body_is_hashed_as_it_comes(tmp_path: Path, message: bytes, body: bytes, step: int) -> None:
    if step < 1000 < len(message):
        step *= 1000
    memory = MemoryBudget()
    writer = BlobWriter(tmp_path, FixedClock(), CountingRandom(), memory)
    taken = IncomingMessage(writer, HeaderFilter("mx.example.test", 10**6), memory, lambda _header: [SIGNED_BODY])
    for at in range(0, len(message), step):
        await taken.write(message[at : at + step])
    sealed = await taken.finish()
    assert isinstance(sealed, Sealed)
    hasher = BodyHasher([SIGNED_BODY])
    hasher.feed(body)
    assert sealed.hashes == hasher.finish()
    await taken.abort()


async def test_no_hash_is_made_that_nobody_wants(tmp_path: Path) -> None:
    message = incoming(tmp_path, MemoryBudget())
    await message.write(MESSAGE)
    sealed = await message.finish()
    assert isinstance(sealed, Sealed)
    assert sealed.hashes == {}
    await message.abort()
