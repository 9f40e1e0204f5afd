"""COPY and MOVE, at once and staged, on both engines."""

from collections.abc import Awaitable, Callable

import pytest

from skrytka.model.errors import PermanentError, Reason
from skrytka.model.flags import SystemFlag
from skrytka.model.ids import AccountId, MailboxId
from skrytka.store.commands import (
    CopyMessages,
    DropStaged,
    MoveMessages,
    PublishCopy,
    SetQuota,
    StageCopy,
    StoreFlags,
)
from skrytka.store.commands.copies import PIECE, Copied
from skrytka.store.ranges import Ranges
from skrytka.store.sql import mailboxes, messages
from tests.support.store import INBOX, SENT, StoreCase, deliver

Act = Callable[[StoreCase, AccountId, Ranges, MailboxId], Awaitable[Copied]]
STAGE = b"stage of a test."
GONE = MailboxId(99)


async def inbox_of(case: StoreCase, count: int) -> AccountId:
    alice, _ = await case.two_accounts()
    for _ in range(count):
        await case.store.submit(deliver(case.ids, alice))
    return alice


async def copy(case: StoreCase, account: AccountId, uids: Ranges, target: MailboxId = SENT) -> Copied:
    return await case.store.submit(
        CopyMessages(unit=case.ids.unit(), account=account, mailbox=INBOX, uids=uids, target=target)
    )


async def move(case: StoreCase, account: AccountId, uids: Ranges, target: MailboxId = SENT) -> Copied:
    return await case.store.submit(
        MoveMessages(unit=case.ids.unit(), account=account, mailbox=INBOX, uids=uids, target=target)
    )


async def stage(case: StoreCase, account: AccountId, uids: Ranges) -> Ranges:
    return await case.store.submit(
        StageCopy(unit=case.ids.unit(), account=account, mailbox=INBOX, uids=uids, stage=STAGE)
    )


async def publish(case: StoreCase, account: AccountId, count: int, target: MailboxId = SENT) -> Copied:
    return await case.store.submit(
        PublishCopy(unit=case.ids.unit(), account=account, stage=STAGE, count=count, target=target)
    )


async def rows(case: StoreCase, account: AccountId, mailbox: MailboxId) -> list[tuple[int, bytes, int]]:
    found = await case.store.read(messages.by_uids(account, mailbox, ((1, 2**32 - 1),)))
    return [(row.uid, row.email_id, row.flags) for row in found]


async def test_copies_have_the_flags_and_ids_of_their_sources(case: StoreCase) -> None:
    alice = await inbox_of(case, 4)
    await case.store.submit(
        StoreFlags(unit=case.ids.unit(), account=alice, mailbox=INBOX, uids=((2, 2),), add=SystemFlag.FLAGGED.value)
    )
    source = await rows(case, alice, INBOX)
    done = await copy(case, alice, ((2, 2), (4, 9)))
    assert (done.source, done.first_uid) == (((2, 2), (4, 4)), 1)
    assert await rows(case, alice, SENT) == [(1, *source[1][1:]), (2, *source[3][1:])]
    assert await rows(case, alice, INBOX) == source
    mailbox = await case.store.read(mailboxes.by_id(alice, SENT))
    assert mailbox is not None
    assert (mailbox.messages, mailbox.unseen, mailbox.uidnext) == (2, 2, 3)
    assert (mailbox.modseq, mailbox.uidvalidity) == (done.modseq, done.uidvalidity)


async def test_a_mailbox_can_be_copied_into_itself_twice(case: StoreCase) -> None:
    alice = await inbox_of(case, 3)
    await copy(case, alice, ((1, 3),), INBOX)
    done = await copy(case, alice, ((1, 6),), INBOX)
    assert done.first_uid == 7
    assert [uid for uid, _, _ in await rows(case, alice, INBOX)] == list(range(1, 13))


async def test_nothing_to_copy_changes_nothing(case: StoreCase) -> None:
    alice = await inbox_of(case, 1)
    before = await case.store.read(mailboxes.by_id(alice, SENT))
    done = await copy(case, alice, ((5, 9),))
    assert (done.source, done.first_uid) == ((), 1)
    assert await case.store.read(mailboxes.by_id(alice, SENT)) == before


async def test_a_move_takes_messages_away_under_the_same_state(case: StoreCase) -> None:
    alice = await inbox_of(case, 5)
    source = await rows(case, alice, INBOX)
    done = await move(case, alice, ((1, 1), (3, 4)))
    assert [uid for uid, _, _ in await rows(case, alice, INBOX)] == [2, 5]
    assert [email for _, email, _ in await rows(case, alice, SENT)] == [source[place][1] for place in (0, 2, 3)]
    since = type(done.modseq)(done.modseq - 1)
    assert await case.store.read(messages.vanished_since(alice, INBOX, since)) == ((1, 1), (3, 4))
    assert await case.store.read(messages.vault(alice)) == []


async def test_a_move_into_the_same_mailbox_gives_new_uids(case: StoreCase) -> None:
    alice = await inbox_of(case, 3)
    done = await move(case, alice, ((1, 2),), INBOX)
    assert done.first_uid == 4
    assert [uid for uid, _, _ in await rows(case, alice, INBOX)] == [3, 4, 5]


@pytest.mark.parametrize("act", [copy, move])
async def test_without_a_target_nothing_happens(case: StoreCase, act: Act) -> None:
    alice = await inbox_of(case, 2)
    before = await rows(case, alice, INBOX)
    with pytest.raises(PermanentError) as caught:
        await act(case, alice, ((1, 2),), GONE)
    assert caught.value.reason is Reason.NO_SUCH_MAILBOX
    assert await rows(case, alice, INBOX) == before


async def test_a_copy_beyond_the_quota_is_refused_and_a_move_is_not(case: StoreCase) -> None:
    alice = await inbox_of(case, 2)
    await case.store.submit(SetQuota(unit=case.ids.unit(), account=alice, quota_bytes=250))
    with pytest.raises(PermanentError) as caught:
        await copy(case, alice, ((1, 1),))
    assert caught.value.reason is Reason.OVER_QUOTA
    assert (await move(case, alice, ((1, 1),))).source == ((1, 1),)


async def test_a_staged_copy_appears_at_once(case: StoreCase) -> None:
    alice = await inbox_of(case, 5)
    source = await rows(case, alice, INBOX)
    assert await stage(case, alice, ((1, 2),)) == ((1, 2),)
    assert await stage(case, alice, ((4, 9),)) == ((4, 5),)
    assert await rows(case, alice, SENT) == []
    assert await case.differences() == []
    done = await publish(case, alice, 4)
    assert (done.first_uid, done.source) == (1, ())
    assert [email for _, email, _ in await rows(case, alice, SENT)] == [source[place][1] for place in (0, 1, 3, 4)]
    with pytest.raises(PermanentError) as caught:
        await publish(case, alice, 4)
    assert caught.value.reason is Reason.NO_SUCH_OBJECT


async def test_what_was_left_staged_is_dropped_by_age_or_by_name(case: StoreCase) -> None:
    alice = await inbox_of(case, 5)
    await stage(case, alice, ((1, 5),))
    unit = case.ids.unit
    assert await case.store.submit(DropStaged(unit=unit(), before_ms=case.clock.now_ms())) == 0
    assert await case.store.submit(DropStaged(unit=unit(), account=alice, stage=STAGE, limit=2)) == 2
    assert await case.store.submit(DropStaged(unit=unit(), before_ms=case.clock.now_ms() + 1)) == 3
    with pytest.raises(PermanentError):
        await publish(case, alice, 5)


async def test_a_command_takes_no_more_than_a_piece(case: StoreCase, monkeypatch: pytest.MonkeyPatch) -> None:
    alice = await inbox_of(case, 3)
    assert PIECE == 2000
    monkeypatch.setattr("skrytka.store.commands.copies.PIECE", 2)
    with pytest.raises(PermanentError) as caught:
        await copy(case, alice, ((1, 3),))
    assert caught.value.reason is Reason.TOO_MANY
