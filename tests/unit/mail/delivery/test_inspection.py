import asyncio
from collections.abc import Callable

import pytest

from skrytka.inspect.inspector import ResultT
from skrytka.inspect.memory import MessageMemory
from skrytka.mail.delivery import inspection
from skrytka.mail.delivery.inspection import LARGE_AT_ONCE, Inspection
from skrytka.mail.delivery.message import Sealed
from skrytka.model.errors import Reason, TransientError
from skrytka.store.seal.summary import decode_summary
from skrytka.store.seal.text import decode_text
from tests.support.local_inspector import LocalInspector
from tests.unit.mail.world import MESSAGE, World

LARGE = MESSAGE + b"Hello again, Alice\r\n" * 20_000


async def sealed(world: World, message: bytes) -> Sealed:
    incoming = world.delivery.begin()
    await incoming.write(message)
    made = await incoming.finish()
    assert isinstance(made, Sealed)
    return made


async def test_a_small_message_goes_as_it_is(world: World) -> None:
    insides = await world.inspection.of(await sealed(world, MESSAGE))
    assert world.inspector.sizes == [(len(MESSAGE), False)]
    assert decode_summary(insides.behind(0)).subject_base == "lunch"
    header, body = decode_text(insides.text)
    assert b"subject: re: lunch" in header
    assert body == b"hello alice"


async def test_a_large_one_is_read_back_from_its_file_into_memory(world: World) -> None:
    large = await sealed(world, LARGE)
    assert (large.content, large.blob.stored) == (None, None)
    insides = await world.inspection.of(large)
    assert world.inspector.sizes == [(len(LARGE), True)]
    assert decode_text(insides.text).body.count(b"hello again, alice") == 20_000


async def test_a_large_one_that_is_at_hand_goes_as_a_memory_file_too(world: World) -> None:
    large = await sealed(world, LARGE)
    await world.inspection.of(Sealed(large.blob, large.scan, LARGE))
    assert world.inspector.sizes == [(len(LARGE), True)]


async def test_a_small_one_for_which_no_memory_was_left_is_opened_again(world: World) -> None:
    world.memory.held_bytes = world.memory.limit_bytes
    small = await sealed(world, MESSAGE)
    assert (small.content, small.blob.spool_path) == (None, None)
    insides = await world.inspection.of(small)
    assert decode_summary(insides.behind(0)).subject_base == "lunch"


async def test_a_poisoned_message_has_insides_that_say_so(world: World) -> None:
    world.inspector.poison = b"Hello"
    for message in (MESSAGE, LARGE):
        insides = await world.inspection.of(await sealed(world, message))
        assert insides.poison is not None
        assert insides.text == b""
        assert decode_summary(insides.behind(0)).envelope == b"(" + b" ".join([b"NIL"] * 10) + b")"


async def test_a_file_that_is_gone_is_a_passing_fault(world: World) -> None:
    large = await sealed(world, LARGE)
    for path in (world.root / "spool").iterdir():
        path.unlink()
    with pytest.raises(TransientError) as caught:
        await world.inspection.of(large)
    assert caught.value.reason is Reason.STORE_DOWN


async def test_no_memory_for_a_large_one_is_a_passing_fault(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> MessageMemory:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(inspection, "MessageMemory", none)
    with pytest.raises(TransientError) as caught:
        await world.inspection.of(await sealed(world, LARGE))
    assert caught.value.reason is Reason.STORE_DOWN


class Slow(LocalInspector):
    """Answers when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting = 0
        self.most = 0
        self.go = asyncio.Event()

    async def run(self, kind: str, message: bytes | MessageMemory, check: Callable[[bytes], ResultT]) -> ResultT:
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        await self.go.wait()
        self.waiting -= 1
        return await super().run(kind, message, check)


async def test_few_large_messages_are_in_memory_at_once(world: World) -> None:
    slow = Slow()
    shared = Inspection(slow)
    large = await sealed(world, LARGE)
    async with asyncio.TaskGroup() as tasks:
        for _ in range(5):
            tasks.create_task(shared.of(large))
        async with asyncio.timeout(10):
            while slow.waiting < LARGE_AT_ONCE:  # noqa: ASYNC110 - threads copy the files
                await asyncio.sleep(0.005)
        slow.go.set()
    assert slow.most == LARGE_AT_ONCE


async def test_a_session_that_is_cancelled_leaves_no_memory_file(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[MessageMemory] = []

    class Noted(MessageMemory):
        def __init__(self) -> None:
            super().__init__()
            made.append(self)

    monkeypatch.setattr(inspection, "MessageMemory", Noted)
    large = await sealed(world, LARGE)
    task = asyncio.ensure_future(Inspection(Slow()).of(large))
    async with asyncio.timeout(10):
        while not made:  # noqa: ASYNC110
            await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(10):
        while made[0].fd >= 0:  # noqa: ASYNC110 - the thread ends first
            await asyncio.sleep(0.005)
