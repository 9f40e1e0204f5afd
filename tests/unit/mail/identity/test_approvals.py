import asyncio

import pytest

from skrytka.mail.identity.access_deps import AccessDeps
from skrytka.mail.identity.approvals import HOLDS_S, Approvals
from skrytka.mail.identity.four_eyes import Hands, Kind
from skrytka.model.actor import LOCAL_ROOT, Actor
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.settings import Approvals as ApprovalSettings
from skrytka.store.commands.access import WAITING_MAX
from tests.unit.mail.world import World

ARGS, WHY = b'{"address":"bob@example.test"}', "he left in spring"
COMMAND = "account.remove"


def made(access: AccessDeps) -> Approvals:
    return Approvals(access, Hands(access, ApprovalSettings))


async def people(world: World) -> tuple[Actor, Actor]:
    return Actor("alice", await world.account("alice")), Actor("admin", await world.account("admin"))


async def test_it_takes_two_and_is_used_once(world: World, access: AccessDeps) -> None:
    approvals = made(access)
    alice, admin = await people(world)
    asked = await approvals.ask(COMMAND, Kind.ERASE, ARGS, WHY, alice)
    assert (asked.state, asked.asked_by, asked.reason, asked.args) == ("waiting", "alice", WHY, ARGS.decode())
    with pytest.raises(PermanentError) as caught:
        await approvals.use(COMMAND, ARGS, alice)
    assert caught.value.reason is Reason.APPROVAL_NEEDED
    with pytest.raises(PermanentError):
        await approvals.decide(asked.id, "I agree with myself", alice, is_approved=True)
    decided = await approvals.decide(asked.id, "seen in the office", admin, is_approved=True)
    assert (decided.state, decided.decided_by, decided.decision) == ("approved", "admin", "seen in the office")
    for command, args, actor in ((COMMAND, b"{}", alice), ("store.check", ARGS, alice), (COMMAND, ARGS, admin)):
        with pytest.raises(PermanentError):
            await approvals.use(command, args, actor)
    assert await approvals.use(COMMAND, ARGS, alice) == asked.id
    with pytest.raises(PermanentError):
        await approvals.use(COMMAND, ARGS, alice)
    assert [info.state for info in await approvals.list()] == ["used"]


async def test_what_is_refused_or_late_is_not_done(world: World, access: AccessDeps) -> None:
    approvals = made(access)
    alice, admin = await people(world)
    refused, late = [await approvals.ask(COMMAND, Kind.ERASE, ARGS, WHY, alice) for _ in range(2)]
    await approvals.decide(refused.id, "we keep him for now", admin, is_approved=False)
    await approvals.decide(late.id, "seen in the office", admin, is_approved=True)
    world.clock.advance(HOLDS_S)
    with pytest.raises(PermanentError):
        await approvals.use(COMMAND, ARGS, alice)
    assert {info.state for info in await approvals.list()} == {"refused", "expired"}


async def test_a_person_has_to_say_why(world: World, access: AccessDeps) -> None:
    approvals = made(access)
    alice, admin = await people(world)
    for reason, actor in (("short", alice), (" " * 50, alice), ("x" * 1001, alice), (WHY, LOCAL_ROOT)):
        with pytest.raises(PermanentError):
            await approvals.ask(COMMAND, Kind.ERASE, ARGS, reason, actor)
    key = Actor("key", alice.account, limited_to=frozenset())
    with pytest.raises(PermanentError):
        await approvals.ask(COMMAND, Kind.ERASE, ARGS, WHY, key)
    for wrong in ("nothing", "0" * 26):
        with pytest.raises(PermanentError) as caught:
            await approvals.decide(wrong, "seen in the office", admin, is_approved=True)
        assert caught.value.reason is Reason.NO_SUCH_OBJECT


async def test_whoever_asks_for_a_thousand_things_takes_nobody_s_approval_away(
    world: World, access: AccessDeps
) -> None:
    approvals = made(access)
    alice, admin = await people(world)
    bob = Actor("bob", await world.account("bob"))
    asked = await approvals.ask(COMMAND, Kind.ERASE, ARGS, WHY, alice)
    await approvals.decide(asked.id, "seen in the office", admin, is_approved=True)
    world.clock.advance(1)
    many = (approvals.ask(COMMAND, Kind.ERASE, b"{}", WHY, bob) for _ in range(WAITING_MAX + 1))
    answers = await asyncio.gather(*many, return_exceptions=True)
    (refused,) = [answer for answer in answers if isinstance(answer, PermanentError)]
    assert refused.reason is Reason.TOO_MANY
    assert asked.id in {info.id for info in await approvals.list()}
    assert await approvals.use(COMMAND, ARGS, alice) == asked.id
    world.clock.advance(HOLDS_S)
    await approvals.ask(COMMAND, Kind.ERASE, b"{}", WHY, bob)
