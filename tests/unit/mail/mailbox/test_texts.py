"""SEARCH TEXT over sealed texts, on a real store."""

import pytest

from skrytka.mail.mailbox import texts
from skrytka.mail.mailbox.texts import SearchTexts
from skrytka.model.errors import Reason, TransientError
from skrytka.model.ids import MailboxId
from skrytka.store.commands.texts import MergeTexts
from skrytka.store.sql import search_text
from tests.unit.mail.world import World, fails

COUNT = 7


@pytest.fixture
async def search(world: World, monkeypatch: pytest.MonkeyPatch) -> SearchTexts:
    monkeypatch.setattr(texts, "MESSAGES", 3)
    for number in range(COUNT):
        await world.deliver(f"Subject: Nr {number}\r\n\r\nZażółć {'gęś' if number % 2 else 'jaźń'}\r\n".encode())
    keys = await world.keys.account(await world.account("alice"))
    return SearchTexts(world.store, world.clock, world.random, keys, MailboxId(1))


async def breathe() -> None:
    """No other session waits."""


async def find(search: SearchTexts, text: str, *, with_header: bool = True) -> set[int]:
    matches = await search.find(range(1, COUNT + 1), text, with_header=with_header, breathe=breathe)
    assert matches.unknown == []
    return matches.found


async def test_texts_are_found_before_and_after_they_were_merged(world: World, search: SearchTexts) -> None:
    account = await world.account("alice")
    for merged in (6, 7):  # the first search merges two chunks of three, one text stays for itself
        assert await find(search, "GĘŚ") == {2, 4, 6}
        assert await find(search, "zazolc jazn") == {1, 3, 5, 7}
        assert await find(search, "subject: nr 3") == {4}
        assert await find(search, "subject", with_header=False) == set()
        assert await search.find([2, 3], "zolc", with_header=True, breathe=breathe) == ({2, 3}, [])
        places = await world.store.read(search_text.places(account, MailboxId(1), 1, 9))
        assert sum(1 for place in places if place[2] is not None) >= min(merged, 6)


async def test_a_failed_merge_does_not_keep_the_answer(world: World, search: SearchTexts) -> None:
    world.store.failures[MergeTexts] = fails(TransientError(Reason.DISK_FULL), 2)
    assert await find(search, "nr 5") == {6}


async def test_what_cannot_be_opened_is_unknown(world: World, search: SearchTexts) -> None:
    search._keys = await world.keys.account(await world.account("bob"))
    search._keys = type(search._keys).__new__(type(search._keys))
    alice = await world.keys.account(await world.account("alice"))
    bob = await world.keys.account(await world.account("bob"))
    for name in type(alice).__slots__:
        setattr(search._keys, name, getattr(alice if name == "account" else bob, name))
    matches = await search.find([1, 2], "zolc", with_header=True, breathe=breathe)
    assert matches == (set(), [1, 2])


async def test_long_texts_come_in_groups_and_others_have_their_turn_between(
    world: World, search: SearchTexts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is short as it is sealed may be long when it is unpacked: both count."""
    for number in range(4):
        body = b"abc " * 5_000 if number % 2 else b"".join(b"%x " % each for each in range(number, 30_000))
        await world.deliver(b"Subject: long\r\n\r\n" + body + b" the end\r\n")
    monkeypatch.setattr(texts, "TEXTS_BYTES", 16_000)
    monkeypatch.setattr(texts, "INLINE_BYTES", 1_000)
    turns = 0

    async def others() -> None:
        nonlocal turns
        turns += 1

    uids = range(1, COUNT + 5)
    monkeypatch.setattr(texts, "MESSAGES", 100)
    matches = await search.find(uids, "the end", with_header=False, breathe=others)
    assert matches == ({COUNT + 1, COUNT + 2, COUNT + 3, COUNT + 4}, [])
    assert [group async for group in search._groups(uids)] == [list(uids[:COUNT]), *([uid] for uid in uids[COUNT:])]
    assert turns >= 1 + 3 + 4
