"""Mailboxes made, renamed, deleted, subscribed to, on a real store."""

import pytest

from skrytka.mail.mailbox import folders
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId
from tests.unit.mail.world import MESSAGE, World


@pytest.fixture
async def alice(world: World) -> AccountId:
    return await world.account("alice")


async def names(world: World, account: AccountId) -> dict[str, bool]:
    """The names beside those of a new account, and whether they are subscribed to."""
    special = {"INBOX", "Sent", "Drafts", "Trash", "Junk", "Archive"}
    return {info.name: info.is_subscribed for info in await world.mailboxes.names(account) if info.name not in special}


async def refused(act: object, reason: Reason) -> None:
    with pytest.raises(PermanentError) as caught:
        await act  # type: ignore[misc]
    assert caught.value.reason is reason


async def test_a_mailbox_is_made_once(world: World, alice: AccountId) -> None:
    await world.mailboxes.folders.create(alice, "Work/New/")
    assert await names(world, alice) == {"Work/New": False}
    await refused(world.mailboxes.folders.create(alice, "Work/New"), Reason.ALREADY_EXISTS)
    await refused(world.mailboxes.folders.create(alice, "INBOX"), Reason.ALREADY_EXISTS)


@pytest.mark.parametrize("name", ["", "a//b", "/a", "a*", "50%", "#x", "a" * 1001, "/".join("a" * 51), "a\0"])
async def test_some_names_cannot_be(world: World, alice: AccountId, name: str) -> None:
    await refused(world.mailboxes.folders.create(alice, name), Reason.BAD_SYNTAX)


async def test_a_special_use_is_given_once(world: World, alice: AccountId) -> None:
    await refused(world.mailboxes.folders.create(alice, "x", "\\Sent"), Reason.UNSUPPORTED)
    await refused(world.mailboxes.folders.create(alice, "x", "\\All"), Reason.UNSUPPORTED)
    await world.mailboxes.folders.delete(alice, "Sent")
    await world.mailboxes.folders.create(alice, "Gesendet", "\\SENT")
    found = {info.name: info.special_use for info in await world.mailboxes.names(alice)}
    assert found["Gesendet"] == "\\Sent"


async def test_a_rename_takes_all_below_along(world: World, alice: AccountId) -> None:
    for name in ("a", "a/b/c", "ab"):
        await world.mailboxes.folders.create(alice, name)
    await world.mailboxes.folders.rename(alice, "a", "x/y")
    assert set(await names(world, alice)) == {"x/y", "x/y/b/c", "ab"}
    await world.mailboxes.folders.rename(alice, "x/y/b", "b")  # only a level above others
    assert set(await names(world, alice)) == {"x/y", "b/c", "ab"}
    await refused(world.mailboxes.folders.rename(alice, "nothing", "z"), Reason.NO_SUCH_MAILBOX)
    await refused(world.mailboxes.folders.rename(alice, "ab", "b/c"), Reason.ALREADY_EXISTS)
    await refused(world.mailboxes.folders.rename(alice, "ab", "b/"), Reason.BAD_SYNTAX)


async def test_renaming_inbox_moves_its_messages(world: World, alice: AccountId) -> None:
    await world.deliver(MESSAGE)
    await world.mailboxes.folders.rename(alice, "INBOX", "Old")
    assert await world.inbox() == []
    _, status = await world.mailboxes.status(alice, "Old")
    assert status.messages == 1


async def test_a_large_mailbox_is_emptied_in_pieces_before_it_goes(
    world: World, alice: AccountId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "PIECE", 1)
    await world.mailboxes.folders.create(alice, "x")
    for _ in range(3):
        await world.deliver(MESSAGE)
    view = await world.mailboxes.open(alice, "INBOX")
    await view.copy([1, 2, 3], "x", is_move=True)
    await world.mailboxes.folders.delete(alice, "x")
    assert await names(world, alice) == {}
    await refused(world.mailboxes.folders.delete(alice, "x"), Reason.NO_SUCH_MAILBOX)
    await refused(world.mailboxes.folders.delete(alice, "INBOX"), Reason.NOT_PERMITTED)


async def test_a_subscription_needs_no_mailbox(world: World, alice: AccountId) -> None:
    await world.mailboxes.folders.subscribe(alice, "later", is_wanted=True)
    assert await names(world, alice) == {"later": True}
    await world.mailboxes.folders.create(alice, "later")
    await world.mailboxes.folders.delete(alice, "later")
    assert await names(world, alice) == {"later": True}
    await world.mailboxes.folders.subscribe(alice, "later", is_wanted=False)
    assert await names(world, alice) == {}
