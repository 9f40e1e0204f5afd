"""Mailboxes and keywords, on both engines."""

from typing import Any

import pytest

from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.flags import KEYWORDS_MAX
from skrytka.model.ids import AccountId, MailboxId, State
from skrytka.store.commands import (
    AddKeyword,
    ClaimRecent,
    CreateMailbox,
    DeleteMailbox,
    MailboxCreated,
    RecentMark,
    Renamed,
    RenameMailbox,
    StoreFlags,
    SubscribeName,
)
from skrytka.store.commands.base import Command
from skrytka.store.commands.mailbox import MARKS_MAX
from skrytka.store.rows import MailboxRow, Role
from skrytka.store.sql import keywords, mailboxes, messages
from tests.support.store import INBOX, JUNK, SENT, StoreCase, deliver


async def create(case: StoreCase, account: AccountId, name: str) -> MailboxCreated:
    return await case.store.submit(
        CreateMailbox(unit=case.ids.unit(), account=account, name_mac=f"mac {name}".encode(), name=name.encode())
    )


async def one(case: StoreCase, account: AccountId, mailbox: MailboxId) -> MailboxRow:
    row = await case.store.read(mailboxes.by_id(account, mailbox))
    assert row is not None
    return row


async def test_a_mailbox_is_made_empty_with_a_new_id_and_uidvalidity(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    first = await create(case, alice, "a")
    second = await create(case, alice, "b")
    assert (first.mailbox, second.mailbox) == (7, 8)
    assert first.uidvalidity < second.uidvalidity
    row = await one(case, alice, first.mailbox)
    assert row == (7, b"a", None, first.uidvalidity, 1, first.modseq, 0, 0, 0, False, 0)


async def test_a_name_made_again_has_another_id_and_a_higher_uidvalidity(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    first = await create(case, alice, "a")
    await case.store.submit(DeleteMailbox(unit=case.ids.unit(), account=alice, mailbox=first.mailbox))
    second = await create(case, alice, "a")
    assert second.mailbox > first.mailbox
    assert second.uidvalidity > first.uidvalidity


async def test_a_taken_name_or_role_is_refused(case: StoreCase) -> None:
    alice, bob = await case.two_accounts()
    await create(case, alice, "a")
    await create(case, bob, "a")
    with pytest.raises(PermanentError) as caught:
        await create(case, alice, "a")
    assert caught.value.reason is Reason.ALREADY_EXISTS
    with pytest.raises(PermanentError) as caught:
        await case.store.submit(
            CreateMailbox(unit=case.ids.unit(), account=alice, name_mac=b"z", name=b"z", role=Role.JUNK)
        )
    assert caught.value.reason is Reason.ALREADY_EXISTS


async def test_names_are_exchanged_at_once(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    a, b = await create(case, alice, "a"), await create(case, alice, "b")
    renames = (Renamed(a.mailbox, b"mac b", b"b"), Renamed(b.mailbox, b"mac a", b"a"))
    await case.store.submit(RenameMailbox(unit=case.ids.unit(), account=alice, renames=renames))
    found = await case.store.read(mailboxes.by_name(alice, b"mac a"))
    assert found is not None
    assert (found.mailbox, found.name) == (b.mailbox, b"a")


@pytest.mark.parametrize(
    ("renames", "reason"),
    [
        ((Renamed(SENT, b"mac junk", b"x"),), Reason.ALREADY_EXISTS),
        ((Renamed(SENT, b"x", b"x"), Renamed(JUNK, b"x", b"x")), Reason.ALREADY_EXISTS),
        ((Renamed(MailboxId(99), b"x", b"x"),), Reason.NO_SUCH_MAILBOX),
    ],
    ids=["taken", "two of one name", "no such mailbox"],
)
async def test_a_rename_that_cannot_be_changes_nothing(
    case: StoreCase, renames: tuple[Renamed, ...], reason: Reason
) -> None:
    alice, _ = await case.two_accounts()
    before = await case.store.read(mailboxes.list_(alice))
    with pytest.raises(PermanentError) as caught:
        await case.store.submit(RenameMailbox(unit=case.ids.unit(), account=alice, renames=renames))
    assert caught.value.reason is reason
    assert await case.store.read(mailboxes.list_(alice)) == before


async def test_the_messages_of_a_deleted_mailbox_go_to_the_vault(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    await case.store.submit(deliver(case.ids, alice, alice, mailbox=JUNK))
    await case.store.submit(DeleteMailbox(unit=case.ids.unit(), account=alice, mailbox=JUNK))
    assert await case.store.read(mailboxes.by_id(alice, JUNK)) is None
    assert [row.uid for row in await case.store.read(messages.vault(alice))] == [1, 2]


@pytest.mark.parametrize(("mailbox", "reason"), [(INBOX, Reason.NOT_PERMITTED), (99, Reason.NO_SUCH_MAILBOX)])
async def test_inbox_is_not_deleted(case: StoreCase, mailbox: MailboxId, reason: Reason) -> None:
    alice, _ = await case.two_accounts()
    with pytest.raises(PermanentError) as caught:
        await case.store.submit(DeleteMailbox(unit=case.ids.unit(), account=alice, mailbox=mailbox))
    assert caught.value.reason is reason


async def test_a_subscription_is_set_and_cleared(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    made = await create(case, alice, "a")
    for is_subscribed in (True, False):
        await case.store.submit(
            SubscribeName(
                unit=case.ids.unit(), account=alice, name_mac=b"mac a", name=b"a", is_subscribed=is_subscribed
            )
        )
        assert (await one(case, alice, made.mailbox)).is_subscribed is is_subscribed


async def test_a_keyword_keeps_its_bit(case: StoreCase) -> None:
    alice, bob = await case.two_accounts()

    async def add(account: AccountId, name: bytes) -> int:
        return await case.store.submit(
            AddKeyword(unit=case.ids.unit(), account=account, name_mac=b"mac " + name, name=name)
        )

    assert [await add(alice, name) for name in (b"a", b"b", b"a")] == [8, 9, 8]
    assert await add(bob, b"b") == 8
    assert await case.store.read(keywords.rows(alice)) == [(8, b"a"), (9, b"b")]
    for number in range(KEYWORDS_MAX - 2):
        await add(alice, b"k%d" % number)
    with pytest.raises(PermanentError) as caught:
        await add(alice, b"one too many")
    assert caught.value.reason is Reason.TOO_MANY


async def test_a_bit_is_given_to_another_name_only_if_nothing_has_happened_since(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()

    async def add(name: bytes, reuse: int | None = None, as_of: int = 0) -> int:
        return await case.store.submit(
            AddKeyword(
                unit=case.ids.unit(), account=alice, name_mac=b"mac " + name, name=name, reuse=reuse, as_of=State(as_of)
            )
        )

    async def known() -> keywords.Known:
        return await case.store.read(keywords.known(alice))

    await add(b"a")
    await add(b"b")
    before = await known()
    assert (before.bits, before.epoch) == ({b"mac a": 8, b"mac b": 9}, 0)
    await case.store.submit(deliver(case.ids, alice))
    for bit, as_of in ((9, before.state), (10, before.state + 1)):
        with pytest.raises(TransientError) as caught:
            await add(b"c", bit, as_of)
        assert caught.value.reason is Reason.STORE_BUSY
    assert await add(b"c", 9, before.state + 1) == 9
    after = await known()
    assert (after.bits, after.epoch) == ({b"mac a": 8, b"mac c": 9}, before.state + 2)
    assert after.epoch == after.state
    assert await add(b"c", 8, after.state) == 9
    assert await add(b"b") == 10


async def test_who_knows_bits_of_before_is_refused(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    await case.store.submit(deliver(case.ids, alice))

    async def add(name: bytes, **values: Any) -> None:
        await case.store.submit(
            AddKeyword(unit=case.ids.unit(), account=alice, name_mac=b"mac " + name, name=name, **values)
        )

    await add(b"a")
    state = (await case.store.read(keywords.known(alice))).state

    async def use(epoch: int | None) -> None:
        flags = StoreFlags(
            unit=case.ids.unit(), account=alice, mailbox=INBOX, uids=((1, 1),), add=1 << 8, keyword_epoch=epoch
        )
        await case.store.submit(flags)
        await case.store.submit(deliver(case.ids, alice, flags=1 << 8, keyword_epoch=epoch))

    await use(0)
    await add(b"b", reuse=8, as_of=State(state + 2))
    await use(state + 3)
    await use(None)
    before = await one(case, alice, INBOX)
    commands: tuple[Command[Any], ...] = (
        StoreFlags(unit=case.ids.unit(), account=alice, mailbox=INBOX, uids=((1, 1),), remove=1 << 8, keyword_epoch=0),
        deliver(case.ids, alice, flags=1 << 8, keyword_epoch=0),
    )
    for command in commands:
        with pytest.raises(TransientError) as caught:
            await case.store.submit(command)
        assert caught.value.reason is Reason.STORE_BUSY
    assert await one(case, alice, INBOX) == before


async def subscribe(case: StoreCase, account: AccountId, name: bytes, *, is_wanted: bool = True) -> None:
    await case.store.submit(
        SubscribeName(
            unit=case.ids.unit(), account=account, name_mac=b"mac " + name, name=name, is_subscribed=is_wanted
        )
    )


async def test_a_subscription_lives_without_its_mailbox(case: StoreCase) -> None:
    alice, bob = await case.two_accounts()
    read = case.store.read
    await subscribe(case, alice, b"New")
    assert (await read(mailboxes.list_and_subscriptions(alice)))[1] == [b"New"]
    made = await case.store.submit(
        CreateMailbox(unit=case.ids.unit(), account=alice, name_mac=b"mac New", name=b"New again")
    )
    rows, names = await read(mailboxes.list_and_subscriptions(alice))
    assert (rows[-1].mailbox, rows[-1].is_subscribed, names) == (made.mailbox, True, [])
    await case.store.submit(DeleteMailbox(unit=case.ids.unit(), account=alice, mailbox=made.mailbox))
    assert (await read(mailboxes.list_and_subscriptions(alice)))[1] == [b"New again"]
    await subscribe(case, alice, b"New", is_wanted=False)
    assert (await read(mailboxes.list_and_subscriptions(alice)))[1] == []
    assert (await read(mailboxes.list_and_subscriptions(bob)))[1] == []


async def test_a_mailbox_renamed_to_a_subscribed_name_is_subscribed(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    await subscribe(case, alice, b"B")
    made = await case.store.submit(CreateMailbox(unit=case.ids.unit(), account=alice, name_mac=b"mac A", name=b"A"))
    rename = RenameMailbox(unit=case.ids.unit(), account=alice, renames=(Renamed(made.mailbox, b"mac B", b"B"),))
    await case.store.submit(rename)
    row = await case.store.read(mailboxes.by_name(alice, b"mac B"))
    assert row is not None
    assert row.is_subscribed
    await subscribe(case, alice, b"B", is_wanted=False)
    row = await case.store.read(mailboxes.by_name(alice, b"mac B"))
    assert row is not None
    assert not row.is_subscribed


async def test_a_subscription_stays_with_the_name_when_the_mailbox_is_renamed(case: StoreCase) -> None:
    """RFC 3501 6.3.6: a server must not take a name from the list by itself."""
    alice, _ = await case.two_accounts()
    a, b = [
        await case.store.submit(
            CreateMailbox(unit=case.ids.unit(), account=alice, name_mac=b"mac " + name, name=name, is_subscribed=wanted)
        )
        for name, wanted in ((b"A", True), (b"B", False))
    ]
    renames = (Renamed(a.mailbox, b"mac B", b"B"), Renamed(b.mailbox, b"mac A", b"A"))
    await case.store.submit(RenameMailbox(unit=case.ids.unit(), account=alice, renames=renames))
    rows, names = await case.store.read(mailboxes.list_and_subscriptions(alice))
    assert ({row.mailbox: row.is_subscribed for row in rows[-2:]}, names) == ({a.mailbox: False, b.mailbox: True}, [])
    away = RenameMailbox(unit=case.ids.unit(), account=alice, renames=(Renamed(b.mailbox, b"mac C", b"C"),))
    await case.store.submit(away)
    rows, names = await case.store.read(mailboxes.list_and_subscriptions(alice))
    assert (rows[-1].is_subscribed, names) == (False, [b"A"])


async def test_mailboxes_and_subscriptions_have_a_limit(case: StoreCase, monkeypatch: pytest.MonkeyPatch) -> None:
    alice, _ = await case.two_accounts()
    monkeypatch.setattr("skrytka.store.commands.mailbox.MAILBOXES_MAX", 1)
    await subscribe(case, alice, b"x")
    for act in (
        subscribe(case, alice, b"y"),
        case.store.submit(CreateMailbox(unit=case.ids.unit(), account=alice, name_mac=b"m", name=b"n")),
    ):
        with pytest.raises(PermanentError) as caught:
            await act
        assert caught.value.reason is Reason.TOO_MANY


async def test_marks_of_recent_only_rise_and_never_above_what_there_was(case: StoreCase) -> None:
    alice, bob = await case.two_accounts()
    for _ in range(3):
        await case.store.submit(deliver(case.ids, alice))
    heard: list[int] = []
    case.store.watch(alice, heard.append)

    async def claim(*marks: tuple[int, int, int]) -> tuple[int, ...]:
        named = tuple(RecentMark(AccountId(account), MailboxId(box), uid) for account, box, uid in marks)
        return await case.store.submit(ClaimRecent(unit=case.ids.unit(), marks=named))

    before = await one(case, alice, INBOX)
    assert before.recent_uid == 0
    assert await claim((alice, INBOX, 2)) == (0,)
    assert await claim((alice, INBOX, 1), (alice, INBOX, 3), (bob, INBOX, 1), (alice, 99, 1)) == (2, 2, 0, 0)
    assert await claim((alice, INBOX, 4)) == (3,)
    assert await one(case, alice, INBOX) == before._replace(recent_uid=3)
    assert (await one(case, bob, INBOX)).recent_uid == 0
    assert heard == []
    with pytest.raises(PermanentError) as caught:
        await claim(*((alice, INBOX, 1),) * (MARKS_MAX + 1))
    assert caught.value.reason is Reason.TOO_MANY
