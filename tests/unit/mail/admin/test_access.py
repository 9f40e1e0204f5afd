import pytest

from skrytka.mail.admin.access import ControlInfo
from skrytka.model.actor import LOCAL_ROOT, AccessRole, Actor, Grant
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.events import AccountControlled, DelegationChanged
from tests.unit.mail.world import ACTOR, World

ALICE, BOB = "alice@example.test", "bob@example.test"
WANTED = ControlInfo(services=("smtp",), hours=("mon-fri 08:00-18:00",), zone="Europe/Warsaw", messages_per_hour=5)


async def test_a_control_is_set_told_and_taken_away(world: World) -> None:
    access = world.admin.access
    assert await access.control(ALICE) == ControlInfo()
    assert await access.set_control(ALICE, WANTED, LOCAL_ROOT) == WANTED == await access.control(ALICE)
    await access.set_control(ALICE, ControlInfo(), LOCAL_ROOT)
    assert await access.control(ALICE) == ControlInfo()
    told = [event for event in world.events.events if isinstance(event, AccountControlled)]
    after = ("services=smtp", "hours=mon-fri 08:00-18:00", "zone=Europe/Warsaw", "messages_per_hour=5")
    assert [(event.before, event.after) for event in told] == [((), after), (after, ())]


@pytest.mark.parametrize(
    ("control", "reason"),
    [
        (ControlInfo(services=("ftp",)), Reason.BAD_SYNTAX),
        (ControlInfo(hours=("always",)), Reason.BAD_SYNTAX),
        (ControlInfo(senders=("*@example.net",)), Reason.NO_SUCH_DOMAIN),
    ],
)
async def test_what_makes_no_sense_is_refused(world: World, control: ControlInfo, reason: Reason) -> None:
    with pytest.raises(PermanentError) as caught:
        await world.admin.access.set_control(ALICE, control, LOCAL_ROOT)
    assert caught.value.reason is reason


async def test_an_administrator_of_one_domain_lets_nobody_write_as_another(world: World) -> None:
    await world.admin.domains.add("other.test", ACTOR)
    admin = Actor("admin@example.test", grants=(Grant(AccessRole.DOMAIN_ADMIN, "example.test"),))
    await world.admin.access.set_control(ALICE, ControlInfo(senders=("*@example.test",)), admin)
    with pytest.raises(PermanentError):
        await world.admin.access.set_control(ALICE, ControlInfo(senders=("*@other.test",)), admin)


async def test_a_delegation_is_seen_from_both_sides(world: World) -> None:
    access = world.admin.access
    made = await access.delegate(ALICE, BOB, "send_as", ACTOR)
    assert (made.address, made.delegate, made.kind) == (ALICE, BOB, "send_as")
    assert await world.admin.sharing.list(ALICE) == await world.admin.sharing.list(BOB) == [made]
    await access.undelegate(ALICE, BOB, "send_as", ACTOR)
    assert await world.admin.sharing.list(BOB) == []
    told = [event for event in world.events.events if isinstance(event, DelegationChanged)]
    assert [(event.object, event.delegate, event.right, event.is_given) for event in told] == [
        (ALICE, BOB, "send_as", True),
        (ALICE, BOB, "send_as", False),
    ]
    for kind in ("mailbox", "read"):
        with pytest.raises(PermanentError):
            await access.delegate(ALICE, BOB, kind, ACTOR)
