"""One administrator alone gets into nobody's mailbox; an approval is somebody else's, and used once."""

import asyncio
from typing import Any

import pytest

from skrytka.mail.admin.commands.run import Answer
from skrytka.mail.identity.approvals import HOLDS_S
from skrytka.model.actor import LOCAL_ROOT, AccessRole, Actor, Grant
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.events import ApprovalChanged
from skrytka.model.secret import Secret
from skrytka.model.settings import Approvals
from skrytka.store.commands.access import NoteHand, ReturnApproval
from skrytka.store.commands.directory import RemoveAccount
from tests.unit.mail.admin.commands.test_access import DOMAIN_ADMIN, person
from tests.unit.mail.admin.commands.test_run import ask
from tests.unit.mail.identity.test_four_eyes import add_factor
from tests.unit.mail.world import World

BOB = {"address": "bob@example.test"}
HELP_DESK, OFFICER = Grant(AccessRole.HELP_DESK), Grant(AccessRole.SECURITY_OFFICER)
ADMIN = Grant(AccessRole.SYSTEM_ADMIN)
WHY, SEEN = "he left in spring", "seen in the office"
DAYS = Approvals().independent_days


async def give(world: World, name: str, grant: Grant, by: Actor = LOCAL_ROOT) -> Actor:
    """Somebody with a role in the store."""
    if grant != ADMIN:
        domain = {} if grant.domain is None else {"domain": grant.domain}
        given = await ask(world, by, "role.give", address=f"{name}@example.test", role=grant.role.value, **domain)
        assert given.ok, given
    world.clock.advance(1)
    return await person(world, name, grant)


async def fresh(world: World, who: Actor) -> Actor:
    return await person(world, who.name.partition("@")[0], *who.grants[1:])


async def asked(world: World, who: Actor, command: str = "account.remove", **args: Any) -> str:
    answer = await ask(world, who, "approval.ask", command=command, args=args or BOB, reason=WHY)
    assert answer.ok, answer
    world.clock.advance(1)
    return str(answer.result.id)


async def decide(world: World, who: Actor, approval: str, *, is_approved: bool = True) -> Answer:
    return await ask(world, who, "approval.decide", id=approval, reason=SEEN, is_approved=is_approved)


# -- the two locks --------------------------------------------------------------------------------------------------

RENEWALS = {
    "account.reset_password": {},
    "account.distrust": {},
    "account.password": {"password": "a password that is long"},
}


@pytest.mark.parametrize("command", RENEWALS)
async def test_a_password_is_renewed_by_one_while_a_factor_stands_behind_it(world: World, command: str) -> None:
    helper = await person(world, "alice", HELP_DESK)
    args = BOB | RENEWALS[command]
    refused = await ask(world, helper, command, **args)
    assert refused.error == "approval_needed", refused
    await add_factor(world, await world.account("bob"))
    assert (await ask(world, helper, command, **args)).ok
    assert (await ask(world, helper, command, **args)).ok  # he forgot that one too


async def test_who_renewed_one_lock_does_not_renew_the_other(world: World) -> None:
    admin = await person(world, "admin", ADMIN)
    await add_factor(world, await world.account("bob"))
    assert (await ask(world, admin, "account.reset_password", **BOB)).ok
    assert (await ask(world, admin, "account.reset_factors", **BOB)).error == "approval_needed"
    other = await person(world, "alice", ADMIN)  # nor does somebody else, for the code may be with the first
    assert (await ask(world, other, "account.reset_factors", **BOB)).error == "approval_needed"
    world.clock.advance(DAYS * 86_400 + 1)
    assert (await ask(world, await fresh(world, admin), "account.reset_factors", **BOB)).ok
    assert (await ask(world, await fresh(world, admin), "account.reset_password", **BOB)).error == "approval_needed"


async def test_both_at_once_open_nothing_either(world: World) -> None:
    """Two requests of one administrator that both look before either is written."""
    admin = await person(world, "admin", ADMIN)
    await add_factor(world, await world.account("bob"))
    commands = ("account.reset_password", "account.reset_factors")
    answers = await asyncio.gather(*(ask(world, admin, command, **BOB) for command in commands))
    assert sum(answer.ok for answer in answers) <= 1


async def test_what_was_refused_leaves_no_hand(world: World) -> None:
    helper = await person(world, "admin", ADMIN)
    assert (await ask(world, helper, "account.reset_password", **BOB)).error == "approval_needed"
    assert not [command for command in world.store.commands if isinstance(command, NoteHand)]
    assert (await ask(world, helper, "account.reset_factors", **BOB)).ok


async def test_local_root_is_asked_nothing_and_what_he_sets_is_as_before(world: World) -> None:
    for command, more in (RENEWALS | {"account.reset_factors": {}}).items():
        assert (await ask(world, LOCAL_ROOT, command, **(BOB | more))).ok
    assert (await ask(world, LOCAL_ROOT, "account.show", **BOB)).result.must_change == "given"


async def test_what_somebody_sets_from_elsewhere_is_a_one_time_password(world: World) -> None:
    admin = await person(world, "admin", ADMIN)
    await add_factor(world, await world.account("bob"))
    given = await ask(world, admin, "account.password", **BOB, password="a password that is long")
    assert given.result.must_change == "once"
    made = await ask(world, admin, "account.add", address="new@example.test", password="a password that is long")
    assert made.result.must_change == "once"


async def test_nobody_can_agree_to_a_password_that_somebody_typed(world: World) -> None:
    helper = await give(world, "alice", DOMAIN_ADMIN)
    args = BOB | {"password": "a password that is long"}
    refused = await ask(world, helper, "approval.ask", command="account.password", args=args, reason=WHY)
    assert refused.error == "unsupported"
    said = await ask(world, helper, "account.password", **args)
    assert "account.reset_password" in said.detail


@pytest.mark.parametrize("grant", [DOMAIN_ADMIN, HELP_DESK])
async def test_a_code_is_made_by_two(world: World, grant: Grant) -> None:
    helper, officer = await give(world, "alice", grant), await give(world, "admin", ADMIN)
    approval = await asked(world, helper, "account.reset_password", **BOB)
    assert (await decide(world, officer, approval)).ok
    assert (await ask(world, helper, "account.reset_password", **BOB)).ok
    assert (await ask(world, helper, "account.reset_password", **BOB)).error == "approval_needed"


async def test_one_s_own_mailbox_takes_one(world: World) -> None:
    admin = await person(world, "admin", ADMIN)
    own = {"address": "admin@example.test"}
    assert (await ask(world, admin, "app_password.add", **own, name="phone")).ok
    assert (await ask(world, admin, "app_password.add", **BOB, name="phone")).error == "approval_needed"
    assert (await ask(world, admin, "account.remove", **own)).error == "approval_needed"


# -- who decides ----------------------------------------------------------------------------------------------------


async def test_nobody_approves_through_an_account_that_he_gave_its_role(world: World) -> None:
    admin = await give(world, "admin", ADMIN)
    second = await give(world, "alice", OFFICER, by=admin)
    approval = await asked(world, admin)
    refused = await decide(world, second, approval)
    assert (refused.error, "one person" in refused.detail) == ("not_permitted", True)
    assert (await decide(world, second, approval, is_approved=False)).error == "not_permitted"


async def test_nor_through_one_that_he_made_nor_asks_through_it(world: World) -> None:
    admin = await give(world, "admin", ADMIN)
    made = await ask(world, admin, "account.add", address="second@example.test", password="a password that is long")
    assert made.ok
    second = await give(world, "second", OFFICER)  # even if local root gave it the role
    assert (await decide(world, second, await asked(world, admin))).error == "not_permitted"
    asker = await give(world, "second", DOMAIN_ADMIN)
    assert (await decide(world, await fresh(world, admin), await asked(world, asker))).error == "not_permitted"


async def test_nor_one_whose_password_he_renewed(world: World) -> None:
    admin, officer = await give(world, "admin", ADMIN), await give(world, "alice", OFFICER)
    await add_factor(world, await world.account("alice"))
    assert (await ask(world, admin, "account.reset_password", address="alice@example.test")).ok
    assert (await decide(world, officer, await asked(world, admin))).error == "not_permitted"


async def test_a_role_of_after_the_request_decides_nothing(world: World) -> None:
    admin = await give(world, "admin", ADMIN)
    approval = await asked(world, admin)
    officer = await give(world, "alice", OFFICER)
    refused = await decide(world, officer, approval)
    assert (refused.error, "role" in refused.detail) == ("not_permitted", True)
    assert (await decide(world, officer, await asked(world, admin))).ok


async def test_when_it_is_long_ago_they_are_two(world: World) -> None:
    admin = await give(world, "admin", ADMIN)
    officer = await give(world, "alice", OFFICER, by=admin)
    world.clock.advance(DAYS * 86_400 + 1)
    approval = await asked(world, await fresh(world, admin))
    assert (await decide(world, await fresh(world, officer), approval)).ok


async def test_local_root_decides_and_asks_for_nothing(world: World) -> None:
    admin = await give(world, "admin", ADMIN)
    approval = await asked(world, admin)
    decided = await decide(world, LOCAL_ROOT, approval)
    assert (decided.result.state, decided.result.decided_by) == ("approved", "local root")
    assert (await ask(world, admin, "account.remove", **BOB)).ok
    alice = {"address": "alice@example.test"}
    refused = await ask(world, LOCAL_ROOT, "approval.ask", command="account.remove", args=alice, reason=WHY)
    assert refused.error == "not_permitted"


# -- used once ------------------------------------------------------------------------------------------------------


async def approved_removal(world: World) -> tuple[Actor, str]:
    admin, officer = await give(world, "admin", ADMIN), await give(world, "alice", OFFICER)
    approval = await asked(world, admin)
    assert (await decide(world, officer, approval)).ok
    return admin, approval


async def state_of(world: World, approval: str) -> str:
    return str((await ask(world, LOCAL_ROOT, "approval.show", id=approval)).result.state)


@pytest.mark.parametrize(
    "error", [TransientError(Reason.STORE_BUSY), TransientError(Reason.DISK_FULL), PermanentError(Reason.NOT_PERMITTED)]
)
async def test_it_is_given_back_when_nothing_came_of_it(world: World, error: TransientError | PermanentError) -> None:
    admin, approval = await approved_removal(world)
    world.store.failures[RemoveAccount] = [error]
    assert (await ask(world, admin, "account.remove", **BOB)).error == error.reason.value
    assert await state_of(world, approval) == "approved"
    assert (await ask(world, admin, "account.remove", **BOB)).ok
    assert await state_of(world, approval) == "used"
    told = [event.action for event in world.events.events if isinstance(event, ApprovalChanged)]
    assert told == ["ask", "approve", "use", "give_back", "use"]


async def test_it_is_given_back_when_the_hand_could_not_be_written(world: World) -> None:
    admin, officer = await give(world, "admin", ADMIN), await give(world, "alice", OFFICER)
    approval = await asked(world, admin, "account.reset_password", **BOB)
    assert (await decide(world, officer, approval)).ok
    world.store.failures[NoteHand] = [TransientError(Reason.DISK_FULL)]
    assert (await ask(world, admin, "account.reset_password", **BOB)).error == "disk_full"
    assert await state_of(world, approval) == "approved"


async def test_it_is_spent_when_nobody_knows_what_came_of_it(world: World) -> None:
    admin, approval = await approved_removal(world)
    world.store.failures[RemoveAccount] = [TransientError(Reason.STORE_DOWN)]
    world.store.is_late = True
    assert (await ask(world, admin, "account.remove", **BOB)).error == "store_down"
    assert await state_of(world, approval) == "used"


async def test_what_cannot_be_given_back_is_spent(world: World) -> None:
    admin, approval = await approved_removal(world)
    world.store.failures[RemoveAccount] = [TransientError(Reason.STORE_BUSY)]
    world.store.failures[ReturnApproval] = [TransientError(Reason.STORE_BUSY)]
    assert (await ask(world, admin, "account.remove", **BOB)).error == "store_busy"
    assert await state_of(world, approval) == "used"


async def test_a_bug_spends_it(world: World) -> None:
    admin, approval = await approved_removal(world)
    world.store.failures[RemoveAccount] = [ZeroDivisionError()]
    with pytest.raises(ZeroDivisionError):
        await ask(world, admin, "account.remove", **BOB)
    assert await state_of(world, approval) == "used"


async def test_it_is_used_exactly_once_by_however_many_at_once(world: World) -> None:
    admin, officer = await give(world, "admin", ADMIN), await give(world, "alice", OFFICER)
    wanted = BOB | {"name": "scanner"}
    approval = await asked(world, admin, "app_password.add", **wanted)
    assert (await decide(world, officer, approval)).ok
    answers = await asyncio.gather(*(ask(world, admin, "app_password.add", **wanted) for _ in range(20)))
    assert [answer.error for answer in answers if not answer.ok] == ["approval_needed"] * 19


async def test_what_was_given_back_is_no_longer_good_than_before(world: World) -> None:
    admin, approval = await approved_removal(world)
    world.store.failures[RemoveAccount] = [TransientError(Reason.STORE_BUSY)]
    assert (await ask(world, admin, "account.remove", **BOB)).error == "store_busy"
    world.clock.advance(HOLDS_S)
    assert await state_of(world, approval) == "expired"
    assert (await ask(world, await fresh(world, admin), "account.remove", **BOB)).error == "approval_needed"


async def test_who_asked_sees_his_own_and_nobody_else_s(world: World) -> None:
    helper, officer = await give(world, "alice", DOMAIN_ADMIN), await give(world, "admin", ADMIN)
    approval = await asked(world, helper)
    assert [info.id for info in (await ask(world, helper, "approval.own")).result] == [approval]
    assert (await ask(world, officer, "approval.own")).result == []
    assert (await ask(world, helper, "approval.show", id=approval)).error == "not_permitted"
    shown = (await ask(world, officer, "approval.show", id=approval)).result
    assert (shown.kind, shown.command) == ("erase", "account.remove")


# -- an account that was locked since somebody was in -----------------------------------------------------------------


async def test_the_password_of_before_a_lock_comes_back_by_two(world: World) -> None:
    """Else who has stolen it, and helps people, lets himself in again when its owner has shut him out."""
    helper = await person(world, "alice", HELP_DESK)
    assert (await ask(world, helper, "account.trust", **BOB)).ok  # closed after wrong passwords: nobody was in
    assert (await ask(world, LOCAL_ROOT, "account.compromised", **BOB)).ok
    assert (await ask(world, helper, "account.trust", **BOB)).error == "approval_needed"
    officer = await give(world, "admin", OFFICER)
    approval = await asked(world, helper, "account.trust")
    assert (await decide(world, officer, approval)).ok
    assert (await ask(world, helper, "account.trust", **BOB)).result.has_changed
    assert (await ask(world, LOCAL_ROOT, "account.compromised", **BOB)).ok
    assert (await ask(world, LOCAL_ROOT, "account.trust", **BOB)).ok  # who has the machine needs nobody


async def test_who_opens_a_lock_alone_does_not_renew_the_other(world: World) -> None:
    admin = await person(world, "admin", ADMIN)
    await add_factor(world, await world.account("bob"))
    assert (await ask(world, admin, "account.compromised", **BOB)).ok
    assert (await ask(world, admin, "account.trust", **BOB)).ok  # a factor stands behind it
    assert (await ask(world, admin, "account.reset_factors", **BOB)).error == "approval_needed"


async def test_who_made_an_account_has_given_its_password(world: World) -> None:
    admin = await person(world, "admin", ADMIN)
    new = {"address": "new@example.test"}
    assert (await ask(world, admin, "account.add", password="a password that is long", **new)).ok
    account = await world.account("new")
    await world.admin.accounts.set_password("new@example.test", Secret("his own, or who made it"), "new@example.test")
    await add_factor(world, account)
    assert (await ask(world, admin, "account.reset_factors", **new)).error == "approval_needed"
    world.clock.advance(DAYS * 86_400 + 1)
    admin = await fresh(world, admin)
    assert (await ask(world, admin, "account.reset_factors", **new)).ok
