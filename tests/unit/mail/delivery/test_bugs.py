"""mail/delivery/bugs.py: the third bug with one message (conventions C6)."""

import dataclasses
from collections.abc import Callable
from typing import NoReturn

import msgspec
import pytest

from skrytka.mail.delivery.bugs import DEFERRED, MessageBugs
from skrytka.mail.delivery.incoming import HeaderFilter, HeaderScan
from skrytka.mail.delivery.inspection import Inspection
from skrytka.mail.mailbox.content import find
from skrytka.model.clock import FixedClock
from skrytka.model.errors import Reason, TransientError
from skrytka.model.events import BugCaught, MessageQuarantined
from skrytka.model.ids import Uid
from skrytka.model.verdict import Verdict
from skrytka.net.limits import LimitTable, LocalLimits
from skrytka.store.rows import Role
from skrytka.store.sql import mailboxes, messages
from tests.unit.mail.world import MESSAGE, World


def bug(*_: object) -> NoReturn:
    raise KeyError("whatever it is")


def in_the_header(_world: World, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(HeaderFilter, "scan_whole", bug)


def in_the_decision(world: World, _patch: pytest.MonkeyPatch) -> None:
    world.delivery._deps = dataclasses.replace(world.delivery._deps, decide=bug)


def in_the_inspection(_world: World, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Inspection, "of", bug)


def in_the_thread_keys(_world: World, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(HeaderScan, "references", property(lambda scan: bug() if scan.raw else ()))


PLACES = [in_the_header, in_the_decision, in_the_inspection, in_the_thread_keys]
Place = Callable[[World, pytest.MonkeyPatch], None]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("chunk", [10, 65536])
async def test_the_third_bug_with_one_message_sets_it_apart(
    world: World, monkeypatch: pytest.MonkeyPatch, place: Place, chunk: int
) -> None:
    place(world, monkeypatch)
    for _ in range(DEFERRED):
        with pytest.raises(KeyError):  # the session answers 451
            await world.deliver(MESSAGE, chunk=chunk)
    assert world.events.names() == []
    verdict = await world.deliver(MESSAGE, "alice@example.test", "bob@example.test", chunk=chunk)
    assert verdict.reply.code == 250
    assert world.events.names() == ["BugCaught", "MessageQuarantined", "MessageQuarantined", "MessageReceived"]
    told = world.events.events[1]
    assert isinstance(told, MessageQuarantined)
    assert (told.recipient, told.reason) == ("alice@example.test", "bug")
    assert isinstance(world.events.events[0], BugCaught)
    assert world.events.events[0].trace == told.trace
    assert await world.inbox() == []
    await assert_hidden(world, 1)
    assert world.memory.held_bytes == 0
    assert list((world.root / "spool").iterdir()) == []


async def assert_hidden(world: World, count: int) -> None:
    """So many are in Alice's quarantine, and the octets of the first are all there."""
    alice = await world.account("alice")
    hidden = await world.store.read(mailboxes.by_role(alice, Role.QUARANTINE))
    assert hidden is not None
    assert len(await world.store.read(messages.snapshot(alice, hidden.mailbox))) == count
    row, blob = await world.store.read(find(alice, hidden.mailbox, Uid(1)))
    keys = await world.keys.account(alice)
    opened = world.blobs.opened(blob, row.blob_id, keys.unwrap_blob_key(row.blob_id, row.email_id, row.wrapped_key))
    assert opened.reader.read_all() == MESSAGE
    opened.close()


async def test_another_message_begins_anew(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    in_the_inspection(world, monkeypatch)
    for number in range(DEFERRED + 2):
        with pytest.raises(KeyError):
            await world.deliver(MESSAGE + b"%d\r\n" % number)


async def test_a_submission_is_left_to_its_sender_each_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    in_the_inspection(world, monkeypatch)
    for _ in range(DEFERRED + 2):
        with pytest.raises(KeyError):
            await submitted(world)


async def submitted(world: World) -> Verdict:
    incoming = world.delivery.begin()
    await incoming.write(MESSAGE)
    facts = msgspec.structs.replace(world.facts(), is_submission=True)
    return await world.delivery.deliver(facts, await world.resolve("alice@example.test"), incoming)


async def test_want_of_memory_is_no_fault_of_the_message(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def starved(*_: object) -> NoReturn:
        raise MemoryError

    monkeypatch.setattr(Inspection, "of", starved)
    for _ in range(DEFERRED + 2):
        with pytest.raises(MemoryError):
            await world.deliver(MESSAGE)


async def test_five_days_later_it_is_forgotten() -> None:
    clock = FixedClock()
    bugs = MessageBugs(LocalLimits(LimitTable(clock)))
    assert [await bugs.is_hopeless(b"s") for _ in range(3)] == [False, False, True]
    clock.advance(11 * 86_400)
    assert not await bugs.is_hopeless(b"s")


async def test_without_the_supervisor_every_bug_is_the_first() -> None:
    class Away(LocalLimits):
        async def take(self, rule: str, key: str, *, cost: int = 1, limit: int, window_s: float) -> bool:
            raise TransientError(Reason.SHUTTING_DOWN)

    bugs = MessageBugs(Away(LimitTable(FixedClock())))
    assert [await bugs.is_hopeless(b"s") for _ in range(4)] == [False] * 4
