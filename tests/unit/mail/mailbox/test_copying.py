"""COPY and MOVE of any size, on a real store."""

import pytest

from skrytka.mail.mailbox import copying
from skrytka.mail.mailbox.view import MailboxView
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.events import MessagesCopied
from skrytka.store.commands.copies import DropStaged, MoveMessages, PublishCopy, StageCopy
from tests.unit.mail.world import World, fails


@pytest.fixture
async def view(world: World) -> MailboxView:
    for number in range(5):
        await world.deliver(b"Subject: %d\r\n\r\nbody %d\r\n" % (number, number))
    world.events.events.clear()
    return await world.mailboxes.open(await world.account("alice"), "INBOX")


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "PIECE", 2)


async def uids(world: World, name: str) -> list[int]:
    view = await world.mailboxes.open(await world.account("alice"), name)
    found = list((await view.snapshot()).uids)
    view.close()
    return found


async def test_a_small_copy_is_one_command(view: MailboxView, world: World) -> None:
    done = await view.copy([1, 3, 9], "Sent", is_move=False)
    assert (list(done.source), list(done.target)) == ([1, 3], [1, 2])
    assert await uids(world, "Sent") == [1, 2]
    assert [(event.count, event.is_move) for event in world.events.events if isinstance(event, MessagesCopied)] == [
        (2, False)
    ]


@pytest.mark.usefixtures("small_pieces")
async def test_a_large_copy_is_staged_and_appears_at_once(view: MailboxView, world: World) -> None:
    done = await view.copy([1, 2, 3, 4, 5], "Sent", is_move=False)
    assert (list(done.source), list(done.target)) == ([1, 2, 3, 4, 5], [1, 2, 3, 4, 5])
    kinds = [type(command) for command in world.store.commands[-4:]]
    assert kinds == [StageCopy, StageCopy, StageCopy, PublishCopy]
    assert await uids(world, "Sent") == [1, 2, 3, 4, 5]


@pytest.mark.usefixtures("small_pieces")
async def test_a_large_copy_that_fails_leaves_nothing(view: MailboxView, world: World) -> None:
    world.store.failures[PublishCopy] = fails(TransientError(Reason.DISK_FULL))
    with pytest.raises(TransientError):
        await view.copy([1, 2, 3], "Sent", is_move=False)
    assert await uids(world, "Sent") == []
    assert isinstance(world.store.commands[-1], DropStaged)
    assert [event for event in world.events.events if isinstance(event, MessagesCopied)] == []


@pytest.mark.usefixtures("small_pieces")
async def test_a_move_that_fails_midway_tells_what_moved(view: MailboxView, world: World) -> None:
    assert list((await view.copy([1, 2, 3], "Sent", is_move=True)).source) == [1, 2, 3]
    world.store.failures[MoveMessages] = [TransientError(Reason.DISK_FULL)]
    with pytest.raises(TransientError):
        await view.copy([4, 5], "Sent", is_move=True)
    assert list((await view.snapshot()).uids) == [4, 5]


async def test_without_the_target_nothing_happens(view: MailboxView) -> None:
    with pytest.raises(PermanentError) as caught:
        await view.copy([1], "Nowhere", is_move=True)
    assert caught.value.reason is Reason.NO_SUCH_MAILBOX
    assert len((await view.snapshot()).uids) == 5
