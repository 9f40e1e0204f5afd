"""Mailboxes in memory: shared while they are open, kept for a while when they are not."""

import asyncio
from collections.abc import Sequence

import pytest

from skrytka.mail.mailbox import opened, shared
from skrytka.mail.mailbox.opened import RESTING_S
from skrytka.mail.mailbox.shared import read_mailbox
from skrytka.mail.mailbox.types import FlagChange, Snapshot
from skrytka.model.flags import SystemFlag
from tests.unit.mail.world import MESSAGE, World


async def test_a_large_mailbox_is_read_in_pieces(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        await world.deliver(MESSAGE)
    view = await world.mailboxes.open(await world.account("alice"), "INBOX")
    await view.store_flags([2, 4], FlagChange.ADD, SystemFlag.FLAGGED, [])
    view.close()
    monkeypatch.setattr(opened, "_PIECE", 2)
    world.mailboxes._resting = opened.Resting(world.clock)
    snapshot = await (await world.mailboxes.open(await world.account("alice"), "INBOX")).snapshot()
    assert list(snapshot.uids) == [1, 2, 3, 4, 5]
    assert list(snapshot.flags) == [0, 4, 0, 4, 0]
    assert snapshot.uid_next == 6


async def test_what_changes_while_it_is_read_is_seen(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        await world.deliver(MESSAGE)
    account = await world.account("alice")
    other, view = await world.mailboxes.open(account, "INBOX"), await world.mailboxes.open(account, "Archive")
    await other.copy([1, 2, 3, 4, 5], "Archive", is_move=False)
    monkeypatch.setattr(opened, "_PIECE", 2)
    sleep, changed = asyncio.sleep, False

    async def change_once(_seconds: float) -> None:
        nonlocal changed
        await sleep(0)
        if not changed:
            changed = True
            archive = await world.mailboxes.open(account, "Archive")
            await archive.store_flags([1, 5], FlagChange.ADD, SystemFlag.DELETED, [])
            await archive.expunge([1])
            await other.copy([2], "Archive", is_move=False)

    monkeypatch.setattr(asyncio, "sleep", change_once)
    assert view.info.mailbox is not None
    mailbox = world.mailboxes._opened(account, view.info.mailbox)
    snapshot = await mailbox.snapshot()
    assert changed
    assert (list(snapshot.uids), list(snapshot.flags)) == ([2, 3, 4, 5, 6], [0, 0, 0, 8, 0])


async def test_a_mailbox_that_was_left_is_not_read_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.deliver(MESSAGE)
    account = await world.account("alice")
    view = await world.mailboxes.open(account, "INBOX")
    snapshot = await view.snapshot()
    view.close()
    view = await world.mailboxes.open(account, "INBOX")
    assert await view.snapshot() is snapshot
    view.close()
    await world.deliver(MESSAGE)
    view = await world.mailboxes.open(account, "INBOX")
    assert len(await view.snapshot()) == 2
    view.close()
    world.clock.advance(RESTING_S + 1)
    assert world.mailboxes._resting.take(account, view.info.mailbox or 0) is None  # type: ignore[arg-type]


async def test_only_so_many_are_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opened, "RESTING_MAX", 2)
    account = await world.account("alice")
    for name in ("INBOX", "Sent", "Trash"):
        (await world.mailboxes.open(account, name)).close()
    assert len(world.mailboxes._resting._mailboxes) == 2
    monkeypatch.setattr(opened, "RESTING_MESSAGES_MAX", 0)
    await world.deliver(MESSAGE)
    view = await world.mailboxes.open(account, "INBOX")
    await view.snapshot()
    view.close()
    assert not world.mailboxes._resting._mailboxes


async def test_flags_that_a_session_stored_are_known_without_reading_all(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        await world.deliver(MESSAGE)
    account = await world.account("alice")
    view = await world.mailboxes.open(account, "INBOX")
    await view.snapshot()
    with monkeypatch.context() as patch:
        patch.setattr(opened, "updated", None)  # as long as nothing else happened
        await view.store_flags([1, 3], FlagChange.ADD, SystemFlag.FLAGGED, [])
        known = view._shared._known
    assert known is not None
    assert list(known.flags) == [4, 0, 4]
    await world.deliver(MESSAGE)
    await view.store_flags([2], FlagChange.ADD, SystemFlag.FLAGGED, [])
    assert list((await view.snapshot()).flags) == [4, 4, 4, 0]
    again = await world.store.read(read_mailbox(account, view._shared.mailbox, None))
    assert again.everything == list(zip(*map(list, _columns(await view.snapshot())), strict=True))


def _columns(snapshot: Snapshot) -> tuple[Sequence[int], ...]:
    return snapshot.uids, snapshot.flags, snapshot.modseqs


async def test_a_mailbox_that_changes_all_the_time_is_read_at_last(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(4):
        await world.deliver(MESSAGE)
    view = await world.mailboxes.open(await world.account("alice"), "INBOX")
    monkeypatch.setattr(opened, "_PIECE", 2)
    monkeypatch.setattr(shared, "CHANGED_MAX", -1)

    async def change(_seconds: float) -> None:
        await world.deliver(MESSAGE)

    monkeypatch.setattr(asyncio, "sleep", change)
    monkeypatch.setattr(opened, "_ATTEMPTS", 2)
    snapshot = await view.snapshot()
    assert len(snapshot) >= 4
    assert list(snapshot.uids) == list(range(1, len(snapshot) + 1))
