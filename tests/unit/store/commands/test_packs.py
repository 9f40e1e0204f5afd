"""Packs are kept as long as all their messages are in the mailbox, on both engines."""

from collections.abc import Awaitable, Callable

import pytest

from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId, MailboxId, State
from skrytka.store.commands import DeleteMailbox, Expunge, MoveMessages, Pack, PutMailboxPack, PutPacks
from skrytka.store.commands.packs import KINDS_MAX, MAILBOX_PACK_BYTES, PACKS_MAX
from skrytka.store.sql import packs as sql
from tests.support.store import INBOX, SENT, StoreCase, deliver

KIND = b"k" * 16


async def inbox_of(case: StoreCase, count: int) -> AccountId:
    alice, _ = await case.two_accounts()
    await case.store.submit(deliver(case.ids, *([alice] * count)))
    return alice


async def put(case: StoreCase, account: AccountId, *packs: Pack, kind: bytes = KIND) -> int:
    return await case.store.submit(
        PutPacks(unit=case.ids.unit(), account=account, mailbox=INBOX, kind=kind, packs=packs)
    )


async def kept(case: StoreCase, account: AccountId, kind: bytes = KIND) -> bytes | None:
    return await case.store.read(sql.pack(account, INBOX, 1, kind))


async def test_a_pack_is_kept_and_replaced(case: StoreCase) -> None:
    alice = await inbox_of(case, 3)
    assert await put(case, alice, Pack(1, 3, b"one"), Pack(257, 0, b"none")) == 2
    assert await kept(case, alice) == b"one"
    assert await put(case, alice, Pack(1, 3, b"two")) == 1
    assert await kept(case, alice) == b"two"
    assert await kept(case, alice, b"other" * 3) is None


async def test_a_pack_of_what_is_gone_meanwhile_is_passed_over(case: StoreCase) -> None:
    alice = await inbox_of(case, 3)
    assert await put(case, alice, Pack(1, 4, b"one")) == 0
    assert await kept(case, alice) is None


async def expunge(case: StoreCase, account: AccountId) -> None:
    await case.store.submit(
        Expunge(unit=case.ids.unit(), account=account, mailbox=INBOX, uids=((2, 2),), only_deleted=False)
    )


async def move(case: StoreCase, account: AccountId) -> None:
    await case.store.submit(
        MoveMessages(unit=case.ids.unit(), account=account, mailbox=INBOX, uids=((2, 2),), target=SENT)
    )


@pytest.mark.parametrize("leave", [expunge, move])
async def test_a_message_that_leaves_takes_its_pack_along(
    case: StoreCase, leave: Callable[[StoreCase, AccountId], Awaitable[None]]
) -> None:
    alice = await inbox_of(case, 3)
    await put(case, alice, Pack(1, 3, b"one"))
    await leave(case, alice)
    assert await kept(case, alice) is None


async def test_a_deleted_mailbox_has_no_packs(case: StoreCase) -> None:
    alice = await inbox_of(case, 3)
    await case.store.submit(
        MoveMessages(unit=case.ids.unit(), account=alice, mailbox=INBOX, uids=((1, 3),), target=SENT)
    )
    command = PutPacks(unit=case.ids.unit(), account=alice, mailbox=SENT, kind=KIND, packs=(Pack(1, 3, b"one"),))
    assert await case.store.submit(command) == 1
    await case.store.submit(DeleteMailbox(unit=case.ids.unit(), account=alice, mailbox=SENT))
    assert await case.store.read(sql.pack(alice, SENT, 1, KIND)) is None


async def test_there_are_few_kinds_of_the_same_messages(case: StoreCase) -> None:
    alice = await inbox_of(case, 1)
    kinds = [b"%016d" % number for number in range(KINDS_MAX + 1)]
    for kind in kinds:
        await put(case, alice, Pack(1, 1, b"one"), kind=kind)
    assert [kind for kind in kinds if await kept(case, alice, kind)] == kinds[-1:]


async def test_only_so_many_come_at_once(case: StoreCase) -> None:
    alice = await inbox_of(case, 1)
    with pytest.raises(PermanentError) as caught:
        await put(case, alice, *[Pack(1, 1, b"")] * (PACKS_MAX + 1))
    assert caught.value.reason is Reason.TOO_MANY


async def test_of_two_packs_of_a_mailbox_the_later_stays(case: StoreCase) -> None:
    alice = await inbox_of(case, 1)
    heard: list[int] = []
    case.store.watch(alice, heard.append)

    async def put_mailbox(state: int, sealed: bytes, mailbox: MailboxId = INBOX) -> int:
        command = PutMailboxPack(
            unit=case.ids.unit(), account=alice, mailbox=mailbox, state=State(state), sealed=sealed
        )
        return await case.store.submit(command)

    async def kept_mailbox(mailbox: MailboxId = INBOX) -> bytes | None:
        return await case.store.read(sql.mailbox_pack(alice, mailbox))

    assert await kept_mailbox() is None
    assert await put_mailbox(1, b"one") == 1
    assert await put_mailbox(0, b"older") == 1
    assert await kept_mailbox() == b"one"
    assert await put_mailbox(2, b"two") == 1
    assert await kept_mailbox() == b"two"
    assert await put_mailbox(1, b"x", MailboxId(99)) == 0
    assert await kept_mailbox(MailboxId(99)) is None
    with pytest.raises(PermanentError) as caught:
        await put_mailbox(3, bytes(MAILBOX_PACK_BYTES + 1))
    assert caught.value.reason is Reason.TOO_LARGE
    assert heard == []
    assert await put_mailbox(1, b"one", SENT) == 1
    await case.store.submit(DeleteMailbox(unit=case.ids.unit(), account=alice, mailbox=SENT))
    assert await kept_mailbox(SENT) is None
