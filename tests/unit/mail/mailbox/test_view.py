import apsw
import pytest

from skrytka.mail.mailbox.names import name_mac, seal_name
from skrytka.mail.mailbox.types import FlagChange
from skrytka.mail.mailbox.view import MailboxView
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.events import MessageCorrupt, MessageExpunged
from skrytka.model.flags import SystemFlag
from skrytka.model.ids import Uid, UnitId
from skrytka.store.commands.mailbox import CreateMailbox, DeleteMailbox
from tests.unit.mail.world import MESSAGE, World


@pytest.fixture
async def view(world: World) -> MailboxView:
    for number in range(3):
        await world.deliver(b"Subject: %d\r\n\r\nbody %d\r\n" % (number, number))
    world.events.events.clear()
    return await world.mailboxes.open(await world.account("alice"), "inbox")


async def test_a_snapshot_shows_all_messages(view: MailboxView) -> None:
    snapshot = await view.snapshot()
    assert (list(snapshot.uids), list(snapshot.flags), snapshot.uid_next) == ([1, 2, 3], [0, 0, 0], 4)


async def test_nothing_is_read_while_nothing_happens(
    view: MailboxView, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = await view.snapshot()
    monkeypatch.setattr(world.store, "read", None)
    assert await view.snapshot() is snapshot


async def test_a_change_elsewhere_in_the_account_leaves_the_same_snapshot(view: MailboxView, world: World) -> None:
    snapshot = await view.snapshot()
    keys = await world.keys.account(await world.account("alice"))
    name = CreateMailbox(
        unit=UnitId(b"u" * 16), account=keys.account, name_mac=name_mac(keys, "X"), name=seal_name(keys, "X")
    )
    await world.store.submit(name)
    assert await view.snapshot() is snapshot


async def test_new_mail_is_seen_by_all_views_as_one_snapshot(view: MailboxView, world: World) -> None:
    other = await world.mailboxes.open(await world.account("alice"), "INBOX")
    await view.snapshot()
    await world.deliver(MESSAGE)
    snapshot = await view.snapshot()
    assert list(snapshot.uids) == [1, 2, 3, 4]
    assert await other.snapshot() is snapshot


async def test_rows_have_what_fetch_needs(view: MailboxView, world: World) -> None:
    rows = await view.rows([1, 3, 99], with_summary=True)
    assert [row.uid for row in rows] == [1, 3]
    assert rows[1].summary is not None
    assert rows[1].summary.fields[b"subject"] == b"Subject: 2\r\n"
    assert rows[0].received_at_ms == rows[0].saved_at_ms == world.clock.now_ms()
    assert [row.summary for row in await view.rows([2], with_summary=False)] == [None]
    assert await view.rows([], with_summary=True) == []


async def test_content_is_read_at_any_offset(view: MailboxView) -> None:
    content = await view.content(Uid(2))
    whole = await content.read(0, 10_000)
    assert len(whole) == content.size_bytes == (await view.rows([2], with_summary=False))[0].size_bytes
    assert whole.endswith(b"Subject: 1\r\n\r\nbody 1\r\n")
    for offset, length in [(0, 5), (3, 200), (len(whole) - 4, 100), (len(whole), 1), (20, 0)]:
        assert await content.read(offset, length) == whole[offset : offset + length]
    content.close()
    content.close()


async def test_a_message_that_is_gone_is_no_object(view: MailboxView) -> None:
    with pytest.raises(PermanentError) as caught:
        await view.content(Uid(99))
    assert caught.value.reason is Reason.NO_SUCH_OBJECT


CHANGES = [
    (FlagChange.ADD, SystemFlag.SEEN, SystemFlag.FLAGGED | SystemFlag.SEEN),
    (FlagChange.REMOVE, SystemFlag.FLAGGED, SystemFlag(0)),
    (FlagChange.REPLACE, SystemFlag.DRAFT, SystemFlag.DRAFT),
]


@pytest.mark.parametrize(("change", "flags", "expected"), CHANGES)
async def test_flags_are_shown_as_soon_as_they_are_stored(
    view: MailboxView, change: FlagChange, flags: SystemFlag, expected: SystemFlag
) -> None:
    await view.store_flags([1, 2], FlagChange.ADD, SystemFlag.FLAGGED, [])
    await view.store_flags([2, 99], change, flags, [])
    snapshot = await view.snapshot()
    assert list(snapshot.flags) == [SystemFlag.FLAGGED, expected, 0]
    assert snapshot.modseqs[1] > snapshot.modseqs[2]


async def test_keywords_are_made_when_they_are_set_and_are_the_same_in_any_case(view: MailboxView) -> None:
    await view.store_flags([1], FlagChange.ADD, 0, ["$Junk", "todo"])
    await view.store_flags([2], FlagChange.ADD, 0, ["$JUNK"])
    snapshot = await view.snapshot()
    assert snapshot.keywords == ("$Junk", "todo")
    assert list(snapshot.flags) == [0b11 << 8, 0b01 << 8, 0]
    await view.store_flags([1], FlagChange.REMOVE, 0, ["$Junk", "never-seen"])
    snapshot = await view.snapshot()
    assert (snapshot.keywords, list(snapshot.flags)) == (("$Junk", "todo"), [0b10 << 8, 0b01 << 8, 0])


async def test_only_deleted_messages_are_expunged(view: MailboxView, world: World) -> None:
    await view.snapshot()
    await view.store_flags([1, 3], FlagChange.ADD, SystemFlag.DELETED, [])
    await view.expunge([2, 3])
    assert list((await view.snapshot()).uids) == [1, 2]
    await view.expunge(None)
    assert list((await view.snapshot()).uids) == [2]
    counts = [event.count for event in world.events.events if isinstance(event, MessageExpunged)]
    assert counts == [1, 1]


async def test_an_expunge_that_finds_nothing_is_no_event(view: MailboxView, world: World) -> None:
    await view.expunge(None)
    assert world.events.events == []


async def test_a_deleted_mailbox_is_no_mailbox(view: MailboxView, world: World) -> None:
    account = await world.account("alice")
    trash = await world.mailboxes.open(account, "Trash")
    await trash.snapshot()
    assert trash.info.mailbox is not None
    await world.store.submit(DeleteMailbox(unit=UnitId(b"d" * 16), account=account, mailbox=trash.info.mailbox))
    with pytest.raises(PermanentError) as caught:
        await trash.snapshot()
    assert caught.value.reason is Reason.NO_SUCH_MAILBOX


async def test_a_damaged_message_is_reported_and_the_rest_is_served(view: MailboxView, world: World) -> None:
    change(
        world,
        "UPDATE content SET summary = zeroblob(100) WHERE email_id IN (SELECT email_id FROM message WHERE uid = 1)",
    )
    change(
        world,
        "UPDATE blob SET stored = zeroblob(100) WHERE blob_id IN"
        " (SELECT c.blob_id FROM content c JOIN message m ON m.email_id = c.email_id WHERE m.uid = 2)",
    )
    rows = await view.rows([1, 2, 3], with_summary=True)
    assert [row.summary is None for row in rows] == [True, False, False]
    with pytest.raises(PermanentError) as caught:
        await view.content(Uid(2))
    assert caught.value.reason is Reason.CORRUPT
    corrupt = [event for event in world.events.events if isinstance(event, MessageCorrupt)]
    assert [event.uid for event in corrupt] == [1, 2]
    (await view.content(Uid(3))).close()


def change(world: World, sql: str) -> None:
    """Damage the file behind the store's back."""
    connection = apsw.Connection(str(world.root / "mail.sqlite"))
    connection.execute(sql)
    connection.close()


async def test_a_closed_view_lets_go_of_the_mailbox(view: MailboxView, world: World) -> None:
    view.close()
    view.close()
    assert world.mailboxes._open == {}


async def breathe() -> None:
    """No other session waits."""


async def test_messages_without_a_search_text_are_read_by_an_inspector(view: MailboxView, world: World) -> None:
    change(world, "DELETE FROM single_text WHERE email_id IN (SELECT email_id FROM message WHERE uid > 1)")
    seen = len(world.inspector.sizes)
    assert await view.find_text([1, 2, 3, 99], "BODY", with_header=False, breathe=breathe) == ({1, 2, 3}, [])
    assert await view.find_text([2, 3], "subject: 2", with_header=True, breathe=breathe) == ({3}, [])
    assert await view.find_text([2, 3], "subject: 2", with_header=False, breathe=breathe) == (set(), [])
    assert len(world.inspector.sizes) == seen + 2 + 2 + 2
    world.inspector.poison = b"body 1"
    assert await view.find_text([1, 2, 3], "body", with_header=False, breathe=breathe) == ({1, 3}, [2])
    assert [event.uid for event in world.events.events if isinstance(event, MessageCorrupt)] == [2]
