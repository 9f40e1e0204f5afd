"""COPY between accounts: octets, flags and dates; all or nothing."""

import pytest

from skrytka.mail.delivery import shared_append
from skrytka.model.errors import PermanentError, Reason, TransientError
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
