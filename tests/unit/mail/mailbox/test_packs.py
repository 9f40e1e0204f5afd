"""Listings of large mailboxes are kept: the next one opens few records, and says the same."""

import pytest

from skrytka.mail.mailbox import packs
from skrytka.mail.mailbox.rendered import RenderedCache
from skrytka.mail.mailbox.types import Depth, FlagChange, MessageRow, Rendering
from skrytka.mail.mailbox.view import MailboxView
from skrytka.model.flags import SystemFlag
from skrytka.store.commands.packs import PutPacks
from skrytka.store.sql import packs as sql
from tests.unit.mail.world import World

COUNT = 9  # two packs of four, and one more


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "PACK_UIDS", 4)
    monkeypatch.setattr(packs, "FEWEST", 2)
    monkeypatch.setattr(packs, "FEWEST_WANTED", 1)
    monkeypatch.setattr(packs, "AT_ONCE", 2)


class Maker:
    """ENVELOPE, and how often it was made."""

    def __init__(self) -> None:
        self.made: list[int] = []

    def rendering(self, key: bytes = b"ENVELOPE") -> Rendering:
        return Rendering(key=key, depth=Depth.HEAD, make=self._make)

    def _make(self, row: MessageRow) -> bytes:
        self.made.append(row.uid)
        assert row.summary is not None
        return row.summary.envelope


async def breathe() -> None:
    """Nobody else is here."""


async def opened(world: World) -> MailboxView:
    """As after a restart: nothing is in memory."""
    world.mailboxes._rendered = RenderedCache(world.clock)
    view = world.mailboxes.open(await world.account("alice"), "INBOX")
    found = await view
    found._shared.rendered = world.mailboxes._rendered
    await found.snapshot()
    return found


@pytest.fixture
async def view(world: World) -> MailboxView:
    for number in range(COUNT):
        await world.deliver(b"Subject: %d\r\n\r\nbody\r\n" % number)
    return await opened(world)


async def listed(view: MailboxView, maker: Maker, key: bytes = b"ENVELOPE") -> dict[int, bytes]:
    uids = list((await view.snapshot()).uids)
    found = await view.rendered(uids, maker.rendering(key), breathe)
    return {uid: found[uid] for uid in uids}


async def test_the_next_listing_makes_only_what_is_in_no_pack(view: MailboxView, world: World) -> None:
    first, again = Maker(), Maker()
    before = await listed(view, first)
    assert first.made == list(range(1, COUNT + 1))
    assert await listed(await opened(world), again) == before
    assert again.made == [9]


async def test_what_is_in_memory_is_asked_for_nowhere(
    view: MailboxView, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await listed(view, Maker())
    monkeypatch.setattr(world.store, "read", None)
    assert await view.rendered([3, 4, 9], Maker().rendering(), breathe) == before


async def test_packs_wait_for_more_but_for_the_last(
    view: MailboxView, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def puts() -> list[int]:
        return [len(command.packs) for command in world.store.commands if isinstance(command, PutPacks)]

    monkeypatch.setattr(packs, "AT_ONCE", 3)
    maker = Maker()
    await view.rendered([1, 2, 3, 4], maker.rendering(), breathe)
    assert puts() == []
    await view.rendered([5, 6, 7, 8], maker.rendering(), breathe)
    assert puts() == [2]


async def test_another_form_has_packs_of_its_own(view: MailboxView, world: World) -> None:
    await listed(view, Maker())
    other = Maker()
    await listed(await opened(world), other, b"BODY")
    assert other.made == list(range(1, COUNT + 1))


async def test_a_message_that_left_is_in_no_pack(view: MailboxView, world: World) -> None:
    await listed(view, Maker())
    await view.store_flags([2], FlagChange.ADD, SystemFlag.DELETED, [])
    await view.expunge(None)
    again = Maker()
    found = await listed(await opened(world), again)
    assert list(found) == [1, 3, 4, 5, 6, 7, 8, 9]
    assert again.made == [1, 3, 4, 9]


async def test_a_pack_that_does_not_open_is_made_anew(view: MailboxView, world: World) -> None:
    before = await listed(view, Maker())
    world.store.writer.db.execute("UPDATE rendered_pack SET sealed = zeroblob(100) WHERE low = 5", {})
    again = Maker()
    assert await listed(await opened(world), again) == before
    assert again.made == [5, 6, 7, 8, 9]


async def test_what_is_too_long_or_not_whole_is_not_packed(
    view: MailboxView, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packs, "PLAIN_MAX_BYTES", 10)
    await listed(view, Maker())
    await (await opened(world)).rendered([1, 2, 3, 5, 6, 7], Maker().rendering(b"BODY"), breathe)
    assert not [command for command in world.store.commands if isinstance(command, PutPacks)]
