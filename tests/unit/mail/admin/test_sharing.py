import pytest

from skrytka.mail.admin.access import DelegationInfo
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.events import DelegationChanged
from tests.unit.mail.world import ACTOR, World

ALICE, BOB = "alice@example.test", "bob@example.test"


def told(info: DelegationInfo) -> tuple[str, str, str, str, str]:
    return info.address, info.delegate, info.kind, info.mailbox, info.rights


async def test_what_is_shared_is_seen_from_both_sides_and_told(world: World) -> None:
    sharing = world.admin.sharing
    await world.mailboxes.folders.create(await world.account("alice"), "Work/Żółw")
    made = await sharing.add(ALICE, BOB, "Work/Żółw", "rl", ACTOR)
    assert told(made) == (ALICE, BOB, "mailbox", "Work/Żółw", "lr")
    assert await sharing.list(ALICE) == await sharing.list(BOB) == [made]
    await sharing.add(ALICE, BOB, "Work/Żółw", "l", ACTOR)
    await sharing.add(ALICE, BOB, "*", "lr", ACTOR)
    assert [told(each)[3:] for each in await sharing.list(BOB)] == [("*", "lr"), ("Work/Żółw", "l")]
    await sharing.remove(ALICE, BOB, "Work/Żółw", ACTOR)
    await sharing.remove(ALICE, BOB, "*", ACTOR)
    assert await sharing.list(ALICE) == []
    events = [event for event in world.events.events if isinstance(event, DelegationChanged)]
    assert [(event.object, event.delegate, event.right, event.rights, event.is_given) for event in events] == [
        (ALICE, BOB, "mailbox", "lr", True),
        (ALICE, BOB, "mailbox", "l", True),
        (ALICE, BOB, "mailbox", "lr", True),
        (ALICE, BOB, "mailbox", "", False),
        (ALICE, BOB, "mailbox", "", False),
    ]
    assert [event.mailbox > 0 for event in events] == [True, True, False, True, False]


async def test_the_inbox_is_named_in_any_case(world: World) -> None:
    assert (await world.admin.sharing.add(ALICE, BOB, "inbox", "lr", ACTOR)).mailbox == "INBOX"


@pytest.mark.parametrize(
    ("mailbox", "rights", "reason"),
    [
        ("INBOX", "r", Reason.BAD_SYNTAX),
        ("INBOX", "", Reason.BAD_SYNTAX),
        ("INBOX", "lra", Reason.BAD_SYNTAX),
        ("INBOX", "lrk", Reason.BAD_SYNTAX),
        ("INBOX", "LR", Reason.BAD_SYNTAX),
        ("Nowhere", "lr", Reason.NO_SUCH_OBJECT),
        ("", "lr", Reason.NO_SUCH_OBJECT),
    ],
)
async def test_what_cannot_be_given(world: World, mailbox: str, rights: str, reason: Reason) -> None:
    with pytest.raises(PermanentError) as caught:
        await world.admin.sharing.add(ALICE, BOB, mailbox, rights, ACTOR)
    assert caught.value.reason is reason
    assert await world.admin.sharing.list(ALICE) == []


async def test_nobody_shares_with_himself_and_what_was_not_shared_is_not_taken(world: World) -> None:
    with pytest.raises(PermanentError):
        await world.admin.sharing.add(ALICE, ALICE, "INBOX", "lr", ACTOR)
    said = set()
    for mailbox in ("INBOX", "Nowhere"):  # nor does anybody hear in this way which mailboxes there are
        with pytest.raises(PermanentError) as caught:
            await world.admin.sharing.remove(ALICE, BOB, mailbox, ACTOR)
        said.add((caught.value.reason, caught.value.detail))
    assert {reason for reason, _detail in said} == {Reason.NO_SUCH_OBJECT}
    assert len(said) == 1
    with pytest.raises(PermanentError) as caught:
        await world.admin.sharing.add(ALICE, "nobody@example.test", "INBOX", "lr", ACTOR)
    assert caught.value.reason is Reason.NO_SUCH_USER
