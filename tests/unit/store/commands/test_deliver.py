"""Deliver, on both engines."""

import pytest

from skrytka.model.errors import PermanentError, Reason
from skrytka.model.flags import SystemFlag
from skrytka.model.ids import AccountId, BlobId, EmailId, MailboxId, ThreadId
from skrytka.store.commands import BlobIn, Deliver, NewFolder, Target
from skrytka.store.ranges import ALL
from skrytka.store.rows import Role
from skrytka.store.sql import directory, journal, mailboxes, messages
from tests.support.store import INBOX, JUNK, StoreCase, blob, deliver, target


async def test_a_message_is_in_the_inbox_with_all_that_imap_shows(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    command = deliver(case.ids, alice, flags=int(SystemFlag.FLAGGED))
    (delivered,) = await case.store.submit(command)
    sent = command.targets[0]
    assert (delivered.account, delivered.mailbox, delivered.uid) == (alice, INBOX, 1)
    (row,) = await case.store.read(messages.by_uids(alice, INBOX, ALL))
    assert (row.uid, row.flags, row.modseq, row.size) == (1, SystemFlag.FLAGGED, delivered.modseq, sent.size)
    assert (row.received_at_ms, row.saved_at_ms) == (sent.received_at_ms, case.clock.now_ms())
    assert (row.email_id, row.thread_id) == (sent.email_id, sent.thread_id)
    content = await case.store.read(messages.content(alice, row.email_id))
    assert content is not None
    assert (content.blob_id, content.wrapped_key) == (command.blob.blob_id, sent.wrapped_key)
    assert (content.prefix, content.prefix_size, content.summary) == (sent.prefix, sent.prefix_size, sent.summary)
    stored = await case.store.read(messages.blob(command.blob.blob_id))
    assert stored == (command.blob.blob_id, command.blob.size, command.blob.stored_size, command.blob.stored)


async def test_one_blob_serves_many_accounts_and_answers_come_in_the_order_of_the_targets(case: StoreCase) -> None:
    alice, bob = await case.two_accounts()
    answers = await case.store.submit(deliver(case.ids, bob, alice, bob))
    assert [(answer.account, answer.uid) for answer in answers] == [(bob, 1), (alice, 1), (bob, 2)]
    assert answers[0].modseq == answers[2].modseq, "one state per account and command"


async def test_uids_and_states_rise_by_one_each_time(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    answers = [(await case.store.submit(deliver(case.ids, alice)))[0] for _ in range(3)]
    assert [answer.uid for answer in answers] == [1, 2, 3]
    assert [answer.modseq for answer in answers] == [2, 3, 4]
    box = await case.store.read(mailboxes.by_id(alice, INBOX))
    assert box is not None
    assert (box.uidnext, box.modseq, box.messages, box.unseen, box.bytes_) == (4, 4, 3, 3, 300)
    account = await case.store.read(directory.account_by_id(alice))
    assert account is not None
    assert (account.state, account.messages, account.used_bytes) == (4, 3, 300)


async def test_the_same_unit_happens_once_and_gives_the_same_answer(case: StoreCase) -> None:
    alice, bob = await case.two_accounts()
    command = deliver(case.ids, alice, bob)
    first = await case.store.submit(command)
    assert await case.store.submit(command) == first
    assert len(await case.store.read(messages.snapshot(alice, INBOX))) == 1


@pytest.mark.parametrize(
    ("mailbox", "role", "expected"),
    [
        (None, Role.JUNK, JUNK),
        (JUNK, Role.INBOX, JUNK),
        (MailboxId(99), Role.INBOX, INBOX),
        (MailboxId(99), Role.JUNK, INBOX),
    ],
    ids=["by role", "by id", "gone: INBOX", "gone, role not tried: INBOX"],
)
async def test_a_mailbox_is_found_by_id_or_role_else_it_is_inbox(
    case: StoreCase, mailbox: MailboxId | None, role: Role, expected: MailboxId
) -> None:
    alice, _ = await case.two_accounts()
    (answer,) = await case.store.submit(deliver(case.ids, alice, mailbox=mailbox, role=role))
    assert answer.mailbox == expected


async def test_without_the_account_nothing_happens_to_anybody(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    with pytest.raises(PermanentError) as caught:
        await case.store.submit(deliver(case.ids, alice, 77))
    assert caught.value.reason is Reason.NO_SUCH_OBJECT
    assert await case.store.read(messages.snapshot(alice, INBOX)) == []
    account = await case.store.read(directory.account_by_id(alice))
    assert account is not None
    assert account.state == 1


async def test_a_message_that_was_read_does_not_count_as_unseen(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    await case.store.submit(deliver(case.ids, alice, flags=int(SystemFlag.SEEN)))
    box = await case.store.read(mailboxes.by_id(alice, INBOX))
    assert box is not None
    assert (box.messages, box.unseen) == (1, 0)


async def test_a_message_joins_the_thread_of_the_first_reference_that_is_known(case: StoreCase) -> None:
    alice, bob = await case.two_accounts()
    (first,) = await case.store.submit(deliver(case.ids, alice, thread_macs=(b"one",)))
    (other,) = await case.store.submit(deliver(case.ids, alice, thread_macs=(b"two",)))
    macs = (*(b"new %d" % number for number in range(5)), b"two", b"one")
    (reply,) = await case.store.submit(deliver(case.ids, alice, thread_macs=macs))
    assert first.thread_id != other.thread_id == reply.thread_id
    (later,) = await case.store.submit(deliver(case.ids, alice, thread_macs=(b"new 3",)))
    assert later.thread_id == reply.thread_id
    (elsewhere,) = await case.store.submit(deliver(case.ids, bob, thread_macs=(b"one",)))
    assert elsewhere.thread_id != first.thread_id, "threads are an account's own"


async def test_the_journal_says_what_was_delivered(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    command = deliver(case.ids, alice)
    await case.store.submit(command)
    (row,) = await case.store.read(journal.of_subject(alice, since=1, limit=10))
    assert (row.unit, row.subject, row.state, row.op) == (command.unit, alice, 2, "deliver")


async def test_the_watcher_of_an_account_is_told_its_new_state(case: StoreCase) -> None:
    alice, bob = await case.two_accounts()
    told: list[int] = []
    stop = case.store.watch(alice, told.append)
    await case.store.submit(deliver(case.ids, alice))
    await case.store.submit(deliver(case.ids, bob))
    stop()
    await case.store.submit(deliver(case.ids, alice))
    assert told == [2]


async def test_a_spool_file_becomes_a_blob_file_in_the_same_commit(case: StoreCase) -> None:
    alice, bob = await case.two_accounts()
    blob_id = BlobId(case.ids())
    (case.root / "spool" / "large-1").write_bytes(b"s" * 300)
    large = BlobIn(blob_id, size=500, stored_size=300, spool_name="large-1")
    targets = (target(case.ids, alice), target(case.ids, bob))
    await case.store.submit(Deliver(unit=case.ids.unit(), blob=large, targets=targets))
    path = case.root / "blobs" / f"{blob_id[-1]:02x}" / blob_id.hex()
    assert path.read_bytes() == b"s" * 300
    assert not list((case.root / "spool").iterdir())
    row = await case.store.read(messages.blob(blob_id))
    assert row == (blob_id, 500, 300, None)


async def test_a_spool_file_of_a_refused_command_goes_back(case: StoreCase) -> None:
    await case.two_accounts()
    (case.root / "spool" / "large-1").write_bytes(b"s" * 300)
    large = BlobIn(BlobId(case.ids()), size=500, stored_size=300, spool_name="large-1")
    with pytest.raises(PermanentError):
        await case.store.submit(Deliver(unit=case.ids.unit(), blob=large, targets=(target(case.ids, 77),)))
    assert [path.name for path in (case.root / "spool").iterdir()] == ["large-1"]


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "", ".hidden", "a/b", "x" * 200])
async def test_a_spool_name_is_never_a_path(case: StoreCase, name: str) -> None:
    alice, _ = await case.two_accounts()
    large = BlobIn(BlobId(case.ids()), size=500, stored_size=300, spool_name=name)
    with pytest.raises(PermanentError) as caught:
        await case.store.submit(Deliver(unit=case.ids.unit(), blob=large, targets=(target(case.ids, alice),)))
    assert caught.value.reason is Reason.BAD_SYNTAX


async def test_a_blob_that_is_neither_given_nor_stored_is_refused(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    missing = BlobIn(BlobId(case.ids()), size=5, stored_size=3)
    with pytest.raises(PermanentError) as caught:
        await case.store.submit(Deliver(unit=case.ids.unit(), blob=missing, targets=(target(case.ids, alice),)))
    assert caught.value.reason is Reason.NO_SUCH_OBJECT


async def test_the_same_content_twice_in_an_account_is_kept_once(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    email_id = EmailId(case.ids())
    both = blob(case.ids)
    for mailbox in (INBOX, JUNK):
        one: Target = target(case.ids, alice, mailbox=mailbox, email_id=email_id, thread_id=ThreadId(email_id))
        await case.store.submit(Deliver(unit=case.ids.unit(), blob=both, targets=(one,)))
    rows = await case.store.read(messages.summaries(AccountId(alice), JUNK, ALL))
    assert rows == [(1, email_id, b"sealed summary")]


async def test_a_hidden_folder_is_made_with_the_first_message_for_it_and_no_client_finds_it(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    folder = NewFolder(Role.QUARANTINE, b"q" * 16, b"sealed name")
    seen = await case.store.read(mailboxes.list_(alice))
    answers = [(await case.store.submit(deliver(case.ids, alice, folder=folder)))[0] for _ in range(2)]
    assert [answer.uid for answer in answers] == [1, 2]
    assert answers[0].mailbox == answers[1].mailbox != INBOX
    row = await case.store.read(mailboxes.by_role(alice, Role.QUARANTINE))
    assert row is not None
    assert (row.mailbox, row.messages, row.name, row.is_subscribed) == (answers[0].mailbox, 2, b"sealed name", False)
    after = await case.store.read(mailboxes.list_(alice))
    assert [box.mailbox for box in after] == [box.mailbox for box in seen]
    assert await case.store.read(mailboxes.by_name(alice, b"q" * 16)) is None
