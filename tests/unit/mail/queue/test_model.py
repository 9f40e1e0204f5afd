"""The queue against a model of it: whatever senders, administrators, the clock and crashes do, in any order, a message
goes once, to everybody, and not before its time.
"""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from skrytka.mail.admin.queue import Wanted
from skrytka.model.events import MessageReceived
from skrytka.model.ids import id_text
from tests.support.outside import Outside, Peer, peer, to
from tests.support.sizes import pick
from tests.unit.mail.world import ACTOR, MESSAGE, World

EXAMPLES = pick(25, 400)
OPERATIONS = st.one_of(
    st.tuples(st.just("submit"), st.sampled_from([1, 60, 3600])),
    st.tuples(st.just("advance"), st.sampled_from([1, 59, 60, 3600])),
    st.tuples(st.sampled_from(["couriers", "crash", "hold", "retry", "release_all"]), st.just(0)),
    st.tuples(st.sampled_from(["release", "remove", "hold_one"]), st.integers(0, 9)),
)


class Mail(msgspec.Struct):
    """What the model knows of a message."""

    trace: str
    release_at_ms: int
    is_held: bool = False
    is_removed: bool = False
    is_gone: bool = False  # delivered, here and elsewhere

    @property
    def is_waiting(self) -> bool:
        return not (self.is_removed or self.is_gone)


class Machine:
    """Every operation, on both sides."""

    def __init__(self, world: World, mx: Peer) -> None:
        self.world = world
        self.mx = mx
        self.outside = Outside(world, mx.port)
        self.mails: list[Mail] = []

    async def submit(self, hold_s: int) -> None:
        number = len(self.mails)
        content = b"Subject: %d\r\n" % number + MESSAGE
        await self.outside.submit(to("x@example.net"), to("bob@example.test"), message=content, hold_s=hold_s)
        event = next(each for each in reversed(self.world.events.events) if isinstance(each, MessageReceived))
        assert event.trace is not None
        self.mails.append(Mail(id_text(event.trace), self.world.clock.now_ms() + hold_s * 1000))

    async def advance(self, seconds: int) -> None:
        self.world.clock.advance(seconds)

    async def crash(self, _nothing: int) -> None:
        """A new process knows what the disk knows."""
        self.outside = Outside(self.world, self.mx.port)

    async def couriers(self, _nothing: int) -> None:
        await self.outside.courier.run_once()
        await self.outside.local.run_once()
        for mail in self.mails:
            is_due = mail.release_at_ms <= self.world.clock.now_ms()
            mail.is_gone = mail.is_gone or (mail.is_waiting and is_due and not mail.is_held)

    async def hold(self, _nothing: int) -> None:
        await self.world.admin.queue.hold(Wanted(), ACTOR)
        for mail in self.mails:
            mail.is_held = mail.is_held or mail.is_waiting

    async def retry(self, _nothing: int) -> None:
        await self.world.admin.queue.retry(Wanted(), ACTOR)

    async def release_all(self, _nothing: int) -> None:
        await self.world.admin.queue.release(Wanted(), ACTOR)
        for mail in self.mails:
            mail.is_held = False

    async def release(self, number: int) -> None:
        if (mail := await self._each(number, self.world.admin.queue.release)) is not None:
            if not mail.is_held:
                mail.release_at_ms = min(mail.release_at_ms, self.world.clock.now_ms())
            mail.is_held = False

    async def remove(self, number: int) -> None:
        if (mail := await self._each(number, self.world.admin.queue.remove)) is not None:
            mail.is_removed = True

    async def hold_one(self, number: int) -> None:
        if (mail := await self._each(number, self.world.admin.queue.hold)) is not None:
            mail.is_held = True

    async def _each(self, number: int, action: Any) -> Mail | None:
        """The action on all that is left of one message; None when nothing is."""
        waiting = [mail for mail in self.mails if mail.is_waiting]
        if not waiting:
            return None
        mail = waiting[number % len(waiting)]
        for id_ in {info.id for info in await self.world.admin.queue.list(Wanted()) if info.trace == mail.trace}:
            await action(Wanted(id=id_), ACTOR)
        return mail

    async def check(self) -> None:
        gone = sorted(number for number, mail in enumerate(self.mails) if mail.is_gone)
        here = [_number(message) for message in await self.world.inbox("bob")]
        early = [number for number, mail in enumerate(self.mails) if mail.is_waiting and number in here]
        assert not early, f"not held, or before its time: {early}"
        assert sorted(map(_number, self.mx.messages)) == sorted(here) == gone
        infos = await self.world.admin.queue.list(Wanted())
        assert {info.trace for info in infos} == {mail.trace for mail in self.mails if mail.is_waiting}
        now_ms = self.world.clock.now_ms()
        for mail in self.mails:
            state = "held" if mail.is_held else "scheduled" if mail.release_at_ms > now_ms else "waiting"
            assert {info.state for info in infos if info.trace == mail.trace} <= {state}


def _number(message: bytes) -> int:
    return int(message.partition(b"\r\nSubject: ")[2].partition(b"\r\n")[0])


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(OPERATIONS, min_size=4, max_size=14))
def test_a_message_goes_once_to_everybody_and_not_before_its_time(operations: list[tuple[str, int]]) -> None:
    async def main(folder: Path) -> None:
        world = World(folder)
        await world.ready()
        try:
            async with peer() as mx:
                machine = Machine(world, mx)
                for name, value in (*operations, ("release_all", 0), ("advance", 4000), ("couriers", 0)):
                    await getattr(machine, name)(value)
                    await machine.check()
                assert await machine.outside.queue() == []
        finally:
            await world.close()

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(main(Path(folder)))
