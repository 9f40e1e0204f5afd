"""COPY between accounts: octets, flags and dates; all or nothing."""

import pytest

from skrytka.mail.delivery import shared_append
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.events import SharedMailboxOpened
from skrytka.model.flags import SystemFlag
from skrytka.model.ids import AccountId
from skrytka.store.commands.deliver import Deliver
from tests.unit.mail.world import ACTOR, World

ALICE, BOB = "alice@example.test", "bob@example.test"
INBOX = f"Other Users/{ALICE}/INBOX"


async def append(world: World, account: AccountId, body: bytes, flags: int = 0, keywords: tuple[str, ...] = ()) -> None:
    appending = await world.appends.begin(account, "INBOX", flags, keywords, 1_000_000_000_000)
    await appending.write(body)
    await appending.finish()
    await appending.abort()


@pytest.fixture
async def bob(world: World) -> AccountId:
    alice = await world.account("alice")
    for number in range(3):
        await append(world, alice, b"Subject: %d\r\n\r\nbody %d\r\n" % (number, number), number, ("$Work",))
    await world.admin.sharing.add(ALICE, BOB, "INBOX", "lr", ACTOR)
    return await world.account("bob")


async def test_messages_are_copied_with_flags_and_date(world: World, bob: AccountId) -> None:
    view = await world.shared.open(bob, INBOX)
    done = await world.shared_appends.copy(bob, view, [1, 3, 9], "Sent")
    assert (done.source, done.target) == ([1, 3], [1, 2])
    assert await world.inbox("bob", "Sent") == await _some(world, 0, 2)
    own = await world.mailboxes.open(bob, "Sent")
    snapshot = await own.snapshot()
    assert [bits & 255 for bits in snapshot.flags] == [0, 2]
    assert snapshot.keywords == ("$Work",)
    assert {row.received_at_ms for row in await own.rows([1, 2], with_summary=False)} == {1_000_000_000_000}
    assert done.uid_validity == own.uid_validity
    for each in (view, own):
        each.close()


async def _some(world: World, *numbers: int) -> list[bytes]:
    found = await world.inbox("alice")
    return [found[number] for number in numbers]


async def test_all_or_nothing(world: World, bob: AccountId) -> None:
    view = await world.shared.open(bob, INBOX)
    real, count = world.store.submit, 0

    async def submit(command, *args, **kwargs):  # type: ignore[no-untyped-def]
        nonlocal count
        count += isinstance(command, Deliver)
        if isinstance(command, Deliver) and count == 3:
            raise TransientError(Reason.STORE_DOWN)
        return await real(command, *args, **kwargs)

    world.store.submit = submit  # type: ignore[method-assign]
    with pytest.raises(TransientError):
        await world.shared_appends.copy(bob, view, [1, 2, 3], "Sent")
    assert count == 3
    assert await world.inbox("bob", "Sent") == []
    view.close()


async def test_a_right_that_ends_midway_ends_the_copy_whole(world: World, bob: AccountId) -> None:
    view = await world.shared.open(bob, INBOX)
    real, count = view.content, 0

    async def content(uid):  # type: ignore[no-untyped-def]
        nonlocal count
        count += 1
        if count == 2:
            await world.admin.sharing.remove(ALICE, BOB, "INBOX", ACTOR)
        return await real(uid)

    view.content = content  # type: ignore[method-assign]
    with pytest.raises(PermanentError) as caught:
        await world.shared_appends.copy(bob, view, [1, 2, 3], "Sent")
    assert caught.value.reason is Reason.NO_SUCH_MAILBOX
    assert await world.inbox("bob", "Sent") == []
    view.close()


async def test_nothing_goes_into_a_mailbox_without_the_right(world: World, bob: AccountId) -> None:
    own = await world.mailboxes.open(bob, "INBOX")
    await append(world, bob, b"Subject: mine\r\n\r\n\r\n")
    for name, reason in ((INBOX, Reason.NOT_PERMITTED), (f"Other Users/{ALICE}/Sent", Reason.NO_SUCH_MAILBOX)):
        with pytest.raises(PermanentError) as caught:
            await world.shared_appends.copy(bob, own, [1], name)
        assert caught.value.reason is reason
    assert len(await world.inbox("alice")) == 3
    own.close()


async def test_there_is_an_end_to_one_copy(world: World, bob: AccountId, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_append, "COPIES_MAX", 2)
    view = await world.shared.open(bob, INBOX)
    with pytest.raises(PermanentError) as caught:
        await world.shared_appends.copy(bob, view, [1, 2, 3], "Sent")
    assert caught.value.reason is Reason.TOO_MANY
    view.close()


async def test_what_is_moved_is_there_and_gone_from_here(world: World, bob: AccountId) -> None:
    await world.admin.sharing.add(ALICE, BOB, "INBOX", "lrte", ACTOR)
    view = await world.shared.open(bob, INBOX)
    before = await world.inbox("alice")
    done = await world.shared_appends.copy(bob, view, [1, 3], "Sent", is_move=True)
    assert (done.source, done.target) == ([1, 3], [1, 2])
    assert await world.inbox("bob", "Sent") == [before[0], before[2]]
    assert await world.inbox("alice") == [before[1]]
    view.close()


@pytest.mark.parametrize("rights", ["lr", "lrt", "lre", "lrswi"])
async def test_nothing_is_copied_of_what_may_not_be_moved(world: World, bob: AccountId, rights: str) -> None:
    await world.admin.sharing.add(ALICE, BOB, "INBOX", rights, ACTOR)
    view = await world.shared.open(bob, INBOX)
    with pytest.raises(PermanentError) as caught:
        await world.shared_appends.copy(bob, view, [1], "Sent", is_move=True)
    assert caught.value.reason is Reason.NOT_PERMITTED
    assert await world.inbox("bob", "Sent") == []
    assert len(await world.inbox("alice")) == 3
    view.close()


async def test_ones_own_mail_is_moved_into_anothers_mailbox(world: World, bob: AccountId) -> None:
    await world.admin.sharing.add(ALICE, BOB, "INBOX", "li", ACTOR)
    await append(world, bob, b"Subject: mine\r\n\r\n\r\n", SystemFlag.SEEN.value | SystemFlag.FLAGGED.value)
    own = await world.mailboxes.open(bob, "INBOX")
    done = await world.shared_appends.copy(bob, own, [1], INBOX, is_move=True)
    assert done.target == [4]
    assert (await world.inbox("alice"))[3] == b"Subject: mine\r\n\r\n\r\n"
    assert await world.inbox("bob") == []
    alices = await world.mailboxes.open(await world.account("alice"), "INBOX")
    assert (await alices.snapshot()).flags[3] == 0  # none may be set: RFC 4314 4
    told = [event for event in world.events.events if isinstance(event, SharedMailboxOpened)]
    assert [(event.account, event.rights) for event in told] == [(bob, "li")]
    for each in (own, alices):
        each.close()


async def test_a_right_that_ends_while_a_message_comes_keeps_it_out(world: World, bob: AccountId) -> None:
    await world.admin.sharing.add(ALICE, BOB, "INBOX", "lri", ACTOR)
    appending = await world.shared_appends.begin(bob, INBOX, 0, (), None)
    await appending.write(b"Subject: late\r\n\r\n\r\n")
    await world.admin.sharing.add(ALICE, BOB, "INBOX", "lr", ACTOR)
    with pytest.raises(PermanentError) as caught:
        await appending.finish()
    assert caught.value.reason is Reason.NOT_PERMITTED
    await appending.abort()
    assert len(await world.inbox("alice")) == 3


async def test_a_message_stays_out_of_another_mailbox_that_has_the_name_by_then(world: World, bob: AccountId) -> None:
    alice = await world.account("alice")
    await world.mailboxes.folders.create(alice, "Work")
    await world.admin.sharing.add(ALICE, BOB, "*", "lri", ACTOR)
    appending = await world.shared_appends.begin(bob, f"Other Users/{ALICE}/Work", 0, (), None)
    await appending.write(b"Subject: x\r\n\r\n\r\n")
    await world.mailboxes.folders.rename(alice, "Work", "Old")
    await world.mailboxes.folders.create(alice, "Work")
    with pytest.raises(PermanentError) as caught:
        await appending.finish()
    assert caught.value.reason is Reason.NO_SUCH_MAILBOX
    await appending.abort()


async def test_what_is_put_in_is_of_the_owners_quota(world: World, bob: AccountId) -> None:
    await world.admin.sharing.add(ALICE, BOB, "INBOX", "lri", ACTOR)
    await world.admin.accounts.set_quota(ALICE, 1, ACTOR)
    appending = await world.shared_appends.begin(bob, INBOX, 0, (), None)
    await appending.write(b"Subject: too much\r\n\r\n\r\n")
    with pytest.raises(PermanentError) as caught:
        await appending.finish()
    assert caught.value.reason is Reason.OVER_QUOTA
    await appending.abort()
