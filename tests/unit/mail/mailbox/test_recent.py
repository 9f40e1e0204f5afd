import asyncio

from skrytka.mail.mailbox.mailboxes import Mailboxes
from skrytka.mail.mailbox.opened import MailboxDeps
from skrytka.mail.mailbox.view import MailboxView
from skrytka.model.errors import Reason, TransientError
from skrytka.model.ids import AccountId
from skrytka.store.commands.mailbox import ClaimRecent
from skrytka.store.rows import Role
from skrytka.store.sql import mailboxes as sql
from tests.unit.mail.world import MESSAGE, World


async def delivered(world: World, count: int = 3) -> AccountId:
    for _ in range(count):
        await world.deliver(MESSAGE)
    return await world.account("alice")


async def mark(world: World, account: AccountId) -> int:
    row = await world.store.read(sql.by_role(account, Role.INBOX))
    assert row is not None
    return row.recent_uid


def other_process(world: World) -> Mailboxes:
    return Mailboxes(
        MailboxDeps(
            store=world.store,
            keys=world.keys,
            blobs=world.blobs,
            inspector=world.inspector,
            events=world.events,
            clock=world.clock,
            random=world.random,
        )
    )


async def open_in(found: Mailboxes, account: AccountId) -> MailboxView:
    return await found.open(account, "INBOX")


def claims(world: World) -> int:
    return sum(isinstance(command, ClaimRecent) for command in world.store.commands)


async def test_one_session_is_the_first_whichever_process_it_is_in(world: World) -> None:
    account = await delivered(world)
    here = await open_in(world.mailboxes, account)
    there = await open_in(other_process(world), account)
    assert await here.claim_recent(3) == 0
    assert there.recent_uid == 0  # it has opened the mailbox before
    assert await there.claim_recent(3) == 3
    assert there.recent_uid == 3
    assert claims(world) == 2
    assert await here.claim_recent(3) == 3
    assert await (await open_in(world.mailboxes, account)).claim_recent(3) == 3
    assert claims(world) == 2  # nothing new costs no commit


async def test_what_is_told_later_is_marked_here_at_once_and_in_the_store_soon(world: World) -> None:
    account = await delivered(world)
    view, other = [await open_in(world.mailboxes, account) for _ in range(2)]
    assert view.claim_recent_soon(2) == 0
    assert other.claim_recent_soon(3) == 2
    assert view.claim_recent_soon(3) == 3
    assert await mark(world, account) == 0
    await world.mailboxes.marks.write()
    assert await mark(world, account) == 3
    assert claims(world) == 1
    await world.mailboxes.marks.write()
    assert claims(world) == 1


async def test_a_process_hears_of_the_others_marks_with_the_next_news(world: World) -> None:
    account = await delivered(world)
    here, there = [await open_in(found, account) for found in (world.mailboxes, other_process(world))]
    await there.snapshot()
    assert await here.claim_recent(3) == 0
    await world.deliver(MESSAGE)
    await there.snapshot()
    assert there.recent_uid == 3
    assert there.claim_recent_soon(4) == 3


async def test_it_writes_for_as_long_as_it_runs_and_once_more_at_its_end(world: World) -> None:
    account = await delivered(world)
    view = await open_in(world.mailboxes, account)
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(world.mailboxes.marks.run())
        view.claim_recent_soon(1)
        while await mark(world, account) != 1:  # noqa: ASYNC110 - what it writes is told to nobody
            await asyncio.sleep(0)
        view.claim_recent_soon(2)  # it rests
        running.cancel()
    assert await mark(world, account) == 2


async def test_where_nothing_can_be_written_mail_is_recent_and_waits_for_nobody(world: World) -> None:
    account = await delivered(world)
    view = await open_in(world.mailboxes, account)
    world.store.failures[ClaimRecent] = [TransientError(Reason.STORE_DOWN), TransientError(Reason.STORE_DOWN)]
    assert await view.claim_recent(2) == 0
    view.claim_recent_soon(3)
    await world.mailboxes.marks.write()
    assert await mark(world, account) == 0
    assert (await open_in(other_process(world), account)).recent_uid == 0
