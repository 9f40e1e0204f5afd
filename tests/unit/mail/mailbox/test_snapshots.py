"""Packs of mailboxes: whatever has happened since, the mailbox is what its rows say."""

import asyncio

import apsw
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skrytka.mail.mailbox import opened, snapshots
from skrytka.mail.mailbox.types import FlagChange, Snapshot
from skrytka.mail.mailbox.view import MailboxView
from skrytka.model.errors import Reason, TransientError
from skrytka.model.ids import AccountId
from skrytka.store.commands.packs import PutMailboxPack
from skrytka.store.sql import mailboxes, messages
from tests.unit.mail.world import MESSAGE, World


@pytest.fixture
async def account(world: World, monkeypatch: pytest.MonkeyPatch) -> AccountId:
    """With four messages in INBOX, which is large here."""
    monkeypatch.setattr(snapshots, "MESSAGES_MIN", 3)
    monkeypatch.setattr(snapshots, "PAUSE_S", 0.0)
    for _ in range(4):
        await world.deliver(MESSAGE)
    return await world.account("alice")


async def fresh(world: World, account: AccountId, name: str = "INBOX") -> MailboxView:
    """As a process that has never seen it."""
    world.mailboxes._resting = opened.Resting(world.clock)
    world.mailboxes._open.clear()
    return await world.mailboxes.open(account, name)


async def packed(world: World, account: AccountId) -> None:
    await (await fresh(world, account)).snapshot()
    await world.mailboxes.packs.write()


def columns(snapshot: Snapshot) -> list[tuple[int, int, int]]:
    return list(zip(snapshot.uids, snapshot.flags, snapshot.modseqs, strict=True))


async def rows_read(world: World, account: AccountId, monkeypatch: pytest.MonkeyPatch) -> int:
    """Opens INBOX anew: how many rows of messages are read for it, and that all is right."""
    view = await fresh(world, account)
    assert view.info.mailbox is not None
    expected = [tuple(row) for row in await world.store.read(messages.snapshot(account, view.info.mailbox))]
    count = 0
    for name in ("snapshot", "snapshot_piece", "snapshot_ranges", "changed_since"):
        original = getattr(messages, name)

        def counting(*args, original=original, **kwargs):  # type: ignore[no-untyped-def]
            nonlocal count
            found = yield from original(*args, **kwargs)
            count += len(found)
            return found

        monkeypatch.setattr(messages, name, counting)
    snapshot = await view.snapshot()
    monkeypatch.undo()
    monkeypatch.setattr(snapshots, "MESSAGES_MIN", 3)
    assert columns(snapshot) == expected
    row = await world.store.read(mailboxes.by_id(account, view.info.mailbox))
    assert row is not None
    assert snapshot.uid_next == row.uidnext
    return count


def forget(world: World, account: AccountId) -> None:
    """The account's part of the journal has had its time."""
    world.store.writer.db.execute("DELETE FROM journal WHERE subject = :account", {"account": account})


def writes(world: World) -> int:
    return sum(isinstance(command, PutMailboxPack) for command in world.store.commands)


async def test_what_was_read_once_is_opened_from_then_on(
    world: World, account: AccountId, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await rows_read(world, account, monkeypatch) == 4
    await world.mailboxes.packs.write()
    assert writes(world) == 1
    assert await rows_read(world, account, monkeypatch) == 0
    await world.mailboxes.packs.write()
    assert writes(world) == 1


async def test_what_has_changed_since_is_read_behind_it(
    world: World, account: AccountId, monkeypatch: pytest.MonkeyPatch
) -> None:
    await packed(world, account)
    await world.deliver(MESSAGE)
    assert await rows_read(world, account, monkeypatch) == 1
    await (await fresh(world, account)).store_flags([2], FlagChange.ADD, 4, ["$new"])
    assert await rows_read(world, account, monkeypatch) == 2
    view = await fresh(world, account)
    await view.store_flags([1, 5], FlagChange.ADD, 8, [])
    await view.expunge([1, 5])
    assert await rows_read(world, account, monkeypatch) == 1
    await world.mailboxes.packs.write()
    assert writes(world) == 1, "little has changed"
    monkeypatch.setattr(opened, "_PACK_STALE", 0)
    await (await fresh(world, account)).snapshot()
    await world.mailboxes.packs.write()
    assert writes(world) == 2
    assert await rows_read(world, account, monkeypatch) == 0


async def test_where_the_journal_does_not_reach_back_all_is_read(
    world: World, account: AccountId, monkeypatch: pytest.MonkeyPatch
) -> None:
    await packed(world, account)
    await (await fresh(world, account)).store_flags([2], FlagChange.ADD, 4, [])
    await world.deliver(MESSAGE, "bob@example.test")
    forget(world, account)
    assert await rows_read(world, account, monkeypatch) == 4
    await world.mailboxes.packs.write()
    forget(world, account)
    assert await rows_read(world, account, monkeypatch) == 0, "nothing has happened since"


@pytest.mark.parametrize("change", ["sealed = zeroblob(50)", "sealed = x''", "mailbox = 2"])
async def test_a_pack_that_is_not_what_was_written_is_none(
    world: World, account: AccountId, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await packed(world, account)
    if "mailbox" in change:
        await (await fresh(world, account)).copy([1, 2, 3, 4], "Sent", is_move=False)
    with apsw.Connection(str(world.root / "mail.sqlite")) as db:
        db.execute(f"UPDATE mailbox_pack SET {change}")
    view = await fresh(world, account, "Sent" if "mailbox" in change else "INBOX")
    assert len(await view.snapshot()) == 4
    await world.mailboxes.packs.write()
    assert writes(world) == 2


async def test_a_small_or_an_enormous_mailbox_has_none(
    world: World, account: AccountId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "MESSAGES_MAX", 3)
    await packed(world, account)
    monkeypatch.setattr(snapshots, "MESSAGES_MIN", 5)
    monkeypatch.setattr(snapshots, "MESSAGES_MAX", 9)
    await packed(world, account)
    assert writes(world) == 0


async def test_packs_are_written_beside_the_sessions_and_trouble_passes(world: World, account: AccountId) -> None:
    world.store.failures[PutMailboxPack] = [TransientError(Reason.DISK_FULL)]
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(world.mailboxes.packs.run())
        for number in (1, 2):
            await (await fresh(world, account)).snapshot()
            while writes(world) < number:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0)
        running.cancel()


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("deliver")),
        st.tuples(st.just("pack")),
        st.tuples(st.just("flag"), st.integers(1, 8), st.sampled_from([1, 8])),
        st.tuples(st.just("expunge")),
        st.tuples(st.just("move"), st.integers(1, 8)),
        st.tuples(st.just("back"), st.integers(1, 4)),
    ),
    max_size=12,
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(steps=STEPS)
async def test_any_sequence_leaves_what_the_rows_say(
    steps: list[tuple[object, ...]], world: World, account: AccountId, monkeypatch: pytest.MonkeyPatch
) -> None:
    for step in steps:
        view = await fresh(world, account)
        match step:
            case ("deliver",):
                await world.deliver(MESSAGE)
            case ("pack",):
                monkeypatch.setattr(opened, "_PACK_STALE", 0)
                await packed(world, account)
            case ("flag", int(uid), int(flags)):
                await view.store_flags([uid], FlagChange.ADD, flags, [])
            case ("expunge",):
                await view.expunge(None)
            case ("move", int(uid)):
                await view.copy([uid], "Sent", is_move=True)
            case ("back", int(uid)):
                await (await fresh(world, account, "Sent")).copy([uid], "INBOX", is_move=True)
            case _:
                raise AssertionError(step)
        again = await fresh(world, account)
        assert again.info.mailbox is not None
        expected = [tuple(row) for row in await world.store.read(messages.snapshot(account, again.info.mailbox))]
        assert columns(await again.snapshot()) == expected
