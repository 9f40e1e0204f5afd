"""Mailboxes of others: names, rights, and what becomes of them while they are open."""

from collections.abc import Awaitable, Callable

import pytest

from skrytka.mail.mailbox.sharing import SharedView, is_others, level_of, writable_flags
from skrytka.mail.mailbox.types import FlagChange
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.events import SharedMailboxOpened
from skrytka.model.flags import SystemFlag
from skrytka.model.ids import AccountId, Uid
from tests.unit.mail.world import ACTOR, PASSWORD, World

ALICE, BOB = "alice@example.test", "bob@example.test"
INBOX = f"Other Users/{ALICE}/INBOX"


@pytest.fixture
async def bob(world: World) -> AccountId:
    await world.deliver(b"Subject: one\r\n\r\nbody\r\n")
    await world.deliver(b"Subject: mine\r\n\r\nbody\r\n", BOB)
    await world.admin.sharing.add(ALICE, BOB, "INBOX", "lr", ACTOR)
    await world.admin.sharing.add(ALICE, BOB, "Sent", "l", ACTOR)
    world.events.events.clear()
    return await world.account("bob")


async def refused(asked: Awaitable[object]) -> Reason:
    with pytest.raises(PermanentError) as caught:
        await asked
    return caught.value.reason


async def test_names_are_listed_below_the_owners_address(world: World, bob: AccountId) -> None:
    shared = [info for info in await world.shared.names(bob) if info.owner is not None]
    assert [(info.name, info.rights, info.is_read_only) for info in shared] == [
        (INBOX, "lr", True),
        (f"Other Users/{ALICE}/Sent", "l", True),
    ]
    assert all(info.special_use == "" for info in shared)
    assert {info.object_id for info in shared}.isdisjoint({info.object_id for info in await world.mailboxes.names(bob)})
    alice = await world.account("alice")
    assert await world.shared.names(alice) == await world.mailboxes.names(alice)
    assert await world.shared.are_shared(bob)
    assert not await world.shared.are_shared(alice)


async def test_a_subscription_to_a_mailbox_of_somebody_else_is_ones_own(world: World, bob: AccountId) -> None:
    await world.shared.folders.subscribe(bob, INBOX, is_wanted=True)
    found = [info for info in await world.shared.names(bob) if info.name == INBOX]
    assert [(info.is_subscribed, info.mailbox is not None) for info in found] == [(True, True)]
    alice = await world.account("alice")
    assert all(not info.name.startswith("Other") for info in await world.shared.names(alice))


async def test_what_is_opened_reads_the_owners_mail_and_is_told(world: World, bob: AccountId) -> None:
    view = await world.shared.open(bob, INBOX)
    assert isinstance(view, SharedView)
    assert list((await view.snapshot()).uids) == [1]
    content = await view.content(Uid(1))
    assert b"Subject: one" in await content.read(0, content.size_bytes)
    content.close()
    assert [row.uid for row in await view.rows([1], with_summary=True)] == [1]
    assert list(await view.wholes([1])) == [1]
    info, status = await world.shared.status(bob, INBOX)
    assert (info.name, status.messages) == (INBOX, 1)
    alice = await world.account("alice")
    told = [event for event in world.events.events if isinstance(event, SharedMailboxOpened)]
    assert [(event.account, event.owner, event.mailbox, event.rights) for event in told] == [
        (bob, alice, view.info.mailbox, "lr")
    ]
    view.close()
    view.close()


async def test_ones_own_mailboxes_are_as_they_were(world: World, bob: AccountId) -> None:
    view = await world.shared.open(bob, "INBOX")
    assert not isinstance(view, SharedView)
    assert list((await view.snapshot()).uids) == [1]
    view.close()
    assert (await world.shared.status(bob, "INBOX"))[1].messages == 1


@pytest.mark.parametrize(
    "name",
    [
        "Other Users",
        "Other Users/",
        f"Other Users/{ALICE}",
        f"Other Users/{ALICE}/",
        f"Other Users/{ALICE}//INBOX",
        f"Other Users/{ALICE}/Drafts",
        f"Other Users/{ALICE}/../INBOX",
        f"Other Users/../{ALICE}/INBOX",
        f"Other Users//{ALICE}/INBOX",
        f"other users/{ALICE}/INBOX",
        "Other Users/ALICE@example.test/INBOX",
        "Other Users/alice@example.test\x00/INBOX",
        "Other Users/alice/INBOX",
        "Other Users/admin@example.test/INBOX",
        "Other Users/nobody@example.test/INBOX",
        f"Other Users/{BOB}/INBOX",
        f"Other Users/{ALICE}/Other Users/{BOB}/INBOX",
        f"INBOX/{ALICE}/INBOX",
        f"{ALICE}/INBOX",
    ],
)
async def test_what_is_not_shared_looks_as_if_it_were_not_there(world: World, bob: AccountId, name: str) -> None:
    assert await refused(world.shared.open(bob, name)) is Reason.NO_SUCH_MAILBOX
    assert await refused(world.shared.status(bob, name)) is Reason.NO_SUCH_MAILBOX
    assert await refused(world.shared_appends.begin(bob, name, 0, (), None)) is Reason.NO_SUCH_MAILBOX


async def test_the_inbox_of_somebody_else_is_found_in_any_case(world: World, bob: AccountId) -> None:
    view = await world.shared.open(bob, f"Other Users/{ALICE}/inbox")
    assert view.info.name == INBOX
    view.close()


async def test_whoever_may_know_of_it_only_hears_that_he_may_not_read_it(world: World, bob: AccountId) -> None:
    name = f"Other Users/{ALICE}/Sent"
    assert await refused(world.shared.open(bob, name)) is Reason.NOT_PERMITTED
    assert await refused(world.shared.status(bob, name)) is Reason.NOT_PERMITTED
    assert await refused(world.shared_appends.begin(bob, name, 0, (), None)) is Reason.NOT_PERMITTED


async def test_nothing_can_be_changed_in_it(world: World, bob: AccountId) -> None:
    view = await world.shared.open(bob, INBOX)
    for asked in (
        view.store_flags([1], FlagChange.ADD, SystemFlag.SEEN.value, ()),
        view.expunge(None),
        view.copy([1], "INBOX", is_move=True),
    ):
        assert await refused(asked) is Reason.NOT_PERMITTED
    assert await view.claim_recent(1) == view.claim_recent_soon(1) == view.recent_uid == 0
    view.close()


async def take(world: World) -> None:
    await world.admin.sharing.remove(ALICE, BOB, "INBOX", ACTOR)


async def leave_the_name(world: World) -> None:
    await world.admin.sharing.add(ALICE, BOB, "INBOX", "l", ACTOR)


async def suspend(world: World) -> None:
    await world.admin.accounts.suspend(ALICE, ACTOR)


async def remove(world: World) -> None:
    await world.admin.accounts.remove(ALICE, ACTOR)


@pytest.mark.parametrize("end", [take, leave_the_name, suspend, remove])
async def test_a_right_that_is_taken_ends_what_is_open(
    world: World, bob: AccountId, end: Callable[[World], Awaitable[None]]
) -> None:
    view = await world.shared.open(bob, INBOX)
    await view.snapshot()
    await end(world)
    for asked in (view.snapshot(), view.rows([1], with_summary=False), view.wholes([1]), view.content(Uid(1))):
        assert await refused(asked) is Reason.NO_SUCH_MAILBOX
    view.close()


async def test_a_share_is_of_the_mailbox_and_not_of_its_name(world: World, bob: AccountId) -> None:
    alice = await world.account("alice")
    await world.mailboxes.folders.create(alice, "Work")
    await world.admin.sharing.add(ALICE, BOB, "Work", "lr", ACTOR)
    await world.mailboxes.folders.rename(alice, "Work", "Old")
    await world.mailboxes.folders.create(alice, "Work")
    assert await refused(world.shared.open(bob, f"Other Users/{ALICE}/Work")) is Reason.NO_SUCH_MAILBOX
    view = await world.shared.open(bob, f"Other Users/{ALICE}/Old")
    view.close()
    await world.mailboxes.folders.delete(alice, "Old")
    assert {info.mailbox for info in await world.admin.sharing.list(ALICE)} == {"INBOX", "Sent"}


async def test_all_of_an_account_is_shared_with_what_will_come(world: World, bob: AccountId) -> None:
    await world.admin.sharing.add(ALICE, BOB, "*", "lr", ACTOR)
    await world.mailboxes.folders.create(await world.account("alice"), "New")
    view = await world.shared.open(bob, f"Other Users/{ALICE}/New")
    view.close()


async def test_no_mailbox_of_ones_own_is_made_among_those_of_others(world: World, bob: AccountId) -> None:
    folders = world.shared.folders
    for name in ("Other Users", "Other Users/", "Other Users/a", INBOX):
        assert await refused(folders.create(bob, name)) is Reason.NOT_PERMITTED
        assert await refused(folders.rename(bob, "Sent", name)) is Reason.NOT_PERMITTED
    for asked in (folders.delete(bob, INBOX), folders.rename(bob, INBOX, "Mine")):
        assert await refused(asked) is Reason.NO_SUCH_MAILBOX
    await world.mailboxes.folders.create(bob, "Other Users/old")  # as it was before there were others
    view = await world.shared.open(bob, "Other Users/old")
    view.close()
    await folders.rename(bob, "Other Users/old", "Old")
    await folders.delete(bob, "Old")


@pytest.mark.parametrize(
    ("address", "level"),
    [
        (ALICE, ALICE),
        ("a/b@example.org", "a=2Fb@example.org"),
        ("a=2fb@example.org", "a=3D2fb@example.org"),
        ("*%@example.org", "=2A=25@example.org"),
        ("z\u0301@example.org", "ź@example.org"),
    ],
)
def test_an_address_is_one_level(address: str, level: str) -> None:
    assert level_of(address) == level


def test_the_namespace_ends_at_its_name() -> None:
    assert is_others("Other Users")
    assert is_others("Other Users/x")
    assert not is_others("Other Users2")


@pytest.mark.parametrize(("rights", "flags"), [("lr", 0), ("s", 1), ("t", 8), ("st", 9), ("w", -10), ("stw", -1)])
def test_each_flag_takes_its_right(rights: str, flags: int) -> None:
    """RFC 4314 4."""
    assert writable_flags(rights) == flags


STORES = [
    # rights, change, flags, keywords: what message 1 (Flagged, $Old) has then; None: refused
    ("lrw", FlagChange.ADD, 1 | 2, (), 2 | 4),
    ("lrs", FlagChange.ADD, 1 | 2, (), 1 | 4),
    ("lrs", FlagChange.ADD, 2, (), None),
    ("lrs", FlagChange.ADD, 0, ("$New",), None),
    ("lrs", FlagChange.ADD, 0, (), 4),
    ("lrt", FlagChange.REPLACE, 8 | 1, (), 8 | 4),
    ("lrt", FlagChange.REPLACE, 1, (), None),
    ("lrw", FlagChange.REPLACE, 16, (), 16),
    ("lrw", FlagChange.REPLACE, 0, (), 0),
    ("lrs", FlagChange.REPLACE, 0, (), 4),
    ("lrs", FlagChange.REMOVE, 4, (), None),
    ("lrw", FlagChange.REMOVE, 4 | 8, (), 0),
    ("lrswt", FlagChange.REPLACE, 1 | 8, (), 9),
    ("lrie", FlagChange.ADD, 1, (), None),
]


@pytest.mark.parametrize(("rights", "change", "flags", "keywords", "after"), STORES)
async def test_flags_are_changed_as_far_as_the_rights_go(
    world: World,
    bob: AccountId,
    rights: str,
    change: FlagChange,
    flags: int,
    keywords: tuple[str, ...],
    after: int | None,
) -> None:
    alice = await world.account("alice")
    own = await world.mailboxes.open(alice, "INBOX")
    await own.store_flags([1], FlagChange.ADD, SystemFlag.FLAGGED.value, ("$Old",))
    await world.admin.sharing.add(ALICE, BOB, "INBOX", rights, ACTOR)
    view = await world.shared.open(bob, INBOX)
    stored = view.store_flags([1], change, flags, keywords)
    if after is None:
        assert await refused(stored) is Reason.NOT_PERMITTED
        after = 4
    else:
        await stored
    found = (await own.snapshot()).flags[0]
    assert found & 255 == after
    has_old = not ("w" in rights and change is FlagChange.REPLACE)
    assert bool(found >> 8) == has_old
    assert (await own.snapshot()).keywords == ("$Old",)
    for each in (view, own):
        each.close()


async def test_whoever_may_expunge_does(world: World, bob: AccountId) -> None:
    own = await world.mailboxes.open(await world.account("alice"), "INBOX")
    await own.store_flags([1], FlagChange.ADD, SystemFlag.DELETED.value, ())
    await world.admin.sharing.add(ALICE, BOB, "INBOX", "lrt", ACTOR)
    view = await world.shared.open(bob, INBOX)
    assert await refused(view.expunge(None)) is Reason.NOT_PERMITTED
    await world.admin.sharing.add(ALICE, BOB, "INBOX", "lre", ACTOR)
    await view.expunge(None)
    assert len(await own.snapshot()) == 0
    for each in (view, own):
        each.close()


async def test_keywords_that_the_owner_uses_elsewhere_are_not_told(world: World, bob: AccountId) -> None:
    alice = await world.account("alice")
    appending = await world.appends.begin(alice, "Drafts", 0, ("$Private", "$Work"), None)
    await appending.write(b"\r\n")
    await appending.finish()
    own, view = await world.mailboxes.open(alice, "INBOX"), await world.shared.open(bob, INBOX)
    assert (await own.snapshot()).keywords == ("$Private", "$Work")
    first = await view.snapshot()
    assert first.keywords == ("", "")
    assert await view.snapshot() is first
    await own.store_flags([1], FlagChange.ADD, 0, ("$Work",))
    assert (await view.snapshot()).keywords == ("", "$Work")
    for each in (view, own):
        each.close()


async def test_a_delegate_may_be_of_another_domain(world: World, bob: AccountId) -> None:
    await world.admin.domains.add("other.test", ACTOR)
    await world.admin.accounts.add("carol@other.test", PASSWORD, ACTOR)
    carol = (await world.admin.accounts.show("carol@other.test")).account
    assert not await world.shared.are_shared(AccountId(carol))
    await world.admin.sharing.add(ALICE, "carol@other.test", "INBOX", "lr", ACTOR)
    view = await world.shared.open(AccountId(carol), INBOX)
    assert len(await view.snapshot()) == 1
    view.close()
    await world.admin.accounts.remove("carol@other.test", ACTOR)
    assert [info.delegate for info in await world.admin.sharing.list(ALICE)] == [BOB, BOB]


async def test_what_one_is_given_he_passes_on_to_nobody(world: World, bob: AccountId) -> None:
    """Bob shares all of his with admin, who gets not to alice's by him."""
    await world.admin.sharing.add(BOB, "admin@example.test", "*", "lrswite", ACTOR)
    admin = await world.account("admin")
    for name in (INBOX, f"Other Users/{BOB}/{INBOX}"):
        assert await refused(world.shared.open(admin, name)) is Reason.NO_SUCH_MAILBOX
    assert all(ALICE not in info.name for info in await world.shared.names(admin))
