"""Flags, expunge, vault, on both engines."""

from typing import Any

import pytest

from skrytka.model.errors import PermanentError, Reason
from skrytka.model.flags import SystemFlag
from skrytka.model.ids import AccountId, MailboxId, State, Uid
from skrytka.store.commands import DeleteMailbox, Expunge, FlagsStored, StoreFlags, TakeBack, TakenBack, VaultItem
from skrytka.store.ranges import ALL
from skrytka.store.sql import directory, journal, mailboxes, messages
from tests.support.store import INBOX, JUNK, StoreCase, deliver

SEEN, FLAGGED, DELETED = int(SystemFlag.SEEN), int(SystemFlag.FLAGGED), int(SystemFlag.DELETED)


async def inbox_of(case: StoreCase, count: int) -> AccountId:
    alice, _ = await case.two_accounts()
    await case.store.submit(deliver(case.ids, *([alice] * count)))
    return alice


async def store_flags(case: StoreCase, account: AccountId, *uids: tuple[int, int], **changes: Any) -> FlagsStored:
    return await case.store.submit(
        StoreFlags(unit=case.ids.unit(), account=account, mailbox=INBOX, uids=uids, **changes)
    )


async def flags(case: StoreCase, account: AccountId) -> dict[int, int]:
    return {row[0]: row[1] for row in await case.store.read(messages.snapshot(account, INBOX))}


async def unseen(case: StoreCase, account: AccountId) -> int:
    row = await case.store.read(mailboxes.by_id(account, INBOX))
    assert row is not None
    return row.unseen


async def test_flags_are_added_and_taken_away_under_one_modseq(case: StoreCase) -> None:
    alice = await inbox_of(case, 5)
    stored = await store_flags(case, alice, (1, 2), (4, 4), add=SEEN | FLAGGED)
    assert stored.changed == ((1, 2), (4, 4))
    assert await flags(case, alice) == {1: 5, 2: 5, 3: 0, 4: 5, 5: 0}
    assert await unseen(case, alice) == 2
    changed = await case.store.read(messages.changed_since(alice, INBOX, State(stored.modseq - 1)))
    assert changed == [(uid, 5, stored.modseq) for uid in (1, 2, 4)]
    again = await store_flags(case, alice, (2, 4), remove=SEEN)
    assert (stored.before, again.before) == (stored.modseq - 1, stored.modseq)
    assert await flags(case, alice) == {1: 5, 2: 4, 3: 0, 4: 4, 5: 0}
    assert await unseen(case, alice) == 4


async def test_flags_are_replaced_whole(case: StoreCase) -> None:
    alice = await inbox_of(case, 2)
    await store_flags(case, alice, (1, 1), add=SEEN | 1 << 9)
    await store_flags(case, alice, (1, 2), add=FLAGGED, remove=-1)
    assert await flags(case, alice) == {1: FLAGGED, 2: FLAGGED}
    assert await unseen(case, alice) == 2


async def test_messages_that_have_the_flags_already_keep_their_modseq(case: StoreCase) -> None:
    alice = await inbox_of(case, 3)
    await store_flags(case, alice, (2, 2), add=SEEN)
    before = await case.store.read(messages.snapshot(alice, INBOX))
    stored = await store_flags(case, alice, (2, 2), (9, 10), add=SEEN)
    assert stored.changed == ()
    assert await case.store.read(messages.snapshot(alice, INBOX)) == before
    row = await case.store.read(mailboxes.by_id(alice, INBOX))
    assert row is not None
    assert row.modseq < stored.modseq, "HIGHESTMODSEQ does not rise for nothing"


async def test_unchangedsince_keeps_newer_messages_as_they_are(case: StoreCase) -> None:
    alice = await inbox_of(case, 3)
    (first, *_) = await case.store.read(messages.snapshot(alice, INBOX))
    await store_flags(case, alice, (2, 2), add=FLAGGED)
    stored = await store_flags(case, alice, (1, 3), add=SEEN, unchanged_since=State(first[2]))
    assert (stored.changed, stored.modified) == (((1, 1), (3, 3)), ((2, 2),))
    assert await flags(case, alice) == {1: SEEN, 2: FLAGGED, 3: SEEN}


async def test_the_journal_keeps_the_flags_from_before(case: StoreCase) -> None:
    import msgspec

    alice = await inbox_of(case, 2)
    await store_flags(case, alice, (2, 2), add=FLAGGED)
    stored = await store_flags(case, alice, (1, 2), add=SEEN)
    (row,) = await case.store.read(journal.of_subject(alice, since=stored.modseq - 1, limit=10))
    assert msgspec.msgpack.decode(row.detail) == [INBOX, [[1, 2]], SEEN, 0]
    assert msgspec.msgpack.decode(row.before or b"") == [[1, 0], [2, FLAGGED]]


async def test_expunge_moves_what_is_deleted_to_the_vault(case: StoreCase) -> None:
    alice = await inbox_of(case, 5)
    await store_flags(case, alice, (1, 1), (3, 4), add=DELETED)
    case.clock.advance(60)
    gone = await case.store.submit(Expunge(unit=case.ids.unit(), account=alice, mailbox=INBOX, uids=((1, 3),)))
    assert gone.uids == ((1, 1), (3, 3))
    assert list(await flags(case, alice)) == [2, 4, 5]
    vault = await case.store.read(messages.vault(alice))
    assert [(row.mailbox, row.uid, row.deleted_at_ms) for row in vault] == [
        (INBOX, uid, case.clock.now_ms()) for uid in (1, 3)
    ]
    account = await case.store.read(directory.account_by_id(alice))
    assert account is not None
    assert (account.messages, account.used_bytes) == (3, 300)


async def test_expunge_of_all_needs_no_flag(case: StoreCase) -> None:
    alice = await inbox_of(case, 3)
    command = Expunge(unit=case.ids.unit(), account=alice, mailbox=INBOX, uids=ALL, only_deleted=False)
    assert (await case.store.submit(command)).uids == ((1, 3),)
    assert (await case.store.submit(command)).uids == ((1, 3),), "the same unit, the same answer"
    (answer,) = await case.store.submit(deliver(case.ids, alice))
    assert answer.uid == 4, "UIDs are never given twice"


async def test_what_vanished_since_a_state_is_known(case: StoreCase) -> None:
    alice = await inbox_of(case, 9)
    states = []
    for uids in (((2, 3),), ((5, 5), (7, 7))):
        gone = await case.store.submit(
            Expunge(unit=case.ids.unit(), account=alice, mailbox=INBOX, uids=uids, only_deleted=False)
        )
        states.append(gone.modseq)
    read = case.store.read
    assert await read(messages.vanished_since(alice, INBOX, State(1))) == ((2, 3), (5, 5), (7, 7))
    assert await read(messages.vanished_since(alice, INBOX, states[0])) == ((5, 5), (7, 7))
    assert await read(messages.vanished_since(alice, JUNK, State(1))) == ()


async def test_a_deleted_message_is_taken_back_under_a_new_uid(case: StoreCase) -> None:
    alice = await inbox_of(case, 2)
    (before, _) = await case.store.read(messages.by_uids(alice, INBOX, ALL))
    await store_flags(case, alice, (1, 1), add=DELETED | FLAGGED)
    await case.store.submit(Expunge(unit=case.ids.unit(), account=alice, mailbox=INBOX, uids=ALL))
    items = (VaultItem(INBOX, Uid(1)), VaultItem(INBOX, Uid(2)))
    answer = await case.store.submit(TakeBack(unit=case.ids.unit(), account=alice, items=items))
    assert answer == (TakenBack(INBOX, Uid(3)), None)
    (row,) = await case.store.read(messages.by_uids(alice, INBOX, ((3, 3),)))
    assert (row.flags, row.email_id, row.thread_id) == (FLAGGED, before.email_id, before.thread_id)
    assert await case.store.read(messages.vault(alice)) == []


async def test_what_comes_back_to_a_deleted_mailbox_goes_to_inbox(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    await case.store.submit(deliver(case.ids, alice, mailbox=JUNK, flags=SEEN))
    await case.store.submit(DeleteMailbox(unit=case.ids.unit(), account=alice, mailbox=JUNK))
    items = (VaultItem(JUNK, Uid(1)),)
    answer = await case.store.submit(TakeBack(unit=case.ids.unit(), account=alice, items=items))
    assert answer == (TakenBack(INBOX, Uid(1)),)
    assert await unseen(case, alice) == 0


@pytest.mark.parametrize(("account", "mailbox"), [(1, 99), (77, 1)], ids=["mailbox", "account"])
async def test_expunge_where_nothing_is_says_so(case: StoreCase, account: int, mailbox: int) -> None:
    await case.two_accounts()
    with pytest.raises(PermanentError) as caught:
        await case.store.submit(
            Expunge(unit=case.ids.unit(), account=AccountId(account), mailbox=MailboxId(mailbox), uids=ALL)
        )
    assert caught.value.reason in {Reason.NO_SUCH_MAILBOX, Reason.NO_SUCH_OBJECT}


async def test_readers_take_ranges_in_any_order_and_leave_out_what_is_not_there(case: StoreCase) -> None:
    alice = await inbox_of(case, 5)
    wanted = ((4, 9), (2, 2), (2, 2), (9, 3))
    assert [row.uid for row in await case.store.read(messages.by_uids(alice, INBOX, wanted))] == [2, 4, 5]
    assert [row[0] for row in await case.store.read(messages.summaries(alice, INBOX, wanted))] == [2, 4, 5]
    contents = await case.store.read(messages.contents(alice, INBOX, wanted))
    assert [(uid, row.summary) for uid, row in contents] == [(uid, b"sealed summary") for uid in (2, 4, 5)]


async def test_where_flags_changed_since_a_state_is_known_unless_it_is_much(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    await case.store.submit(deliver(case.ids, *([alice] * 9)))
    start = (await store_flags(case, alice, (1, 9), add=SEEN)).modseq
    for low, high in ((2, 3), (4, 4), (7, 8), (3, 5)):
        await store_flags(case, alice, (low, high), add=low << 1)
    other = StoreFlags(unit=case.ids.unit(), account=alice, mailbox=JUNK, uids=((1, 9),), add=SEEN)
    await case.store.submit(other)

    async def flagged(since: int, limit: int) -> object:
        return await case.store.read(messages.flagged_since(alice, INBOX, State(since), limit))

    assert await flagged(start, 9) == ((2, 5), (7, 8))
    assert await flagged(start + 2, 9) == ((3, 5), (7, 8))
    assert await flagged(start + 4, 9) == ()
    assert await flagged(start, 5) == ((2, 5), (7, 8))
    assert await flagged(start, 4) is None
    assert await flagged(start + 3, 1) is None, "the other mailbox's command counts too"
    rows = await case.store.read(messages.snapshot_ranges(alice, INBOX, ((2, 3), (6, 20)), 5))
    assert [row[0] for row in rows] == [2, 3, 6, 7, 8]
    assert await case.store.read(messages.snapshot_ranges(alice, INBOX, ((2, 3), (6, 20)), 2)) == rows[:2]
