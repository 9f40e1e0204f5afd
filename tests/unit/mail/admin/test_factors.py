import pytest

from skrytka.mail.admin.types import CodeMade
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.events import DirectoryChanged, FactorsChanged
from tests.unit.mail.identity.test_factors import add_totp, factors, owner
from tests.unit.mail.world import ACTOR, World

ALICE = "alice@example.test"


async def test_an_administrator_sees_what_an_account_has_and_no_secret(world: World) -> None:
    seed = await add_totp(world, factors(world), await owner(world))
    state = await world.admin.factors.show(ALICE)
    assert [(each.kind, each.name) for each in state.factors] == [("totp", "phone")]
    assert seed.reveal().hex() not in repr(state)


async def test_a_reset_leaves_a_code_for_the_owner_and_demands_a_factor(world: World) -> None:
    await add_totp(world, factors(world), await owner(world))
    made = await world.admin.factors.reset(ALICE, ACTOR)
    assert (made.address, len(made.code)) == (ALICE, 29)
    assert made.expires_at_ms == world.clock.now_ms() + 86_400_000
    assert made.code not in repr(made)
    state = await world.admin.factors.show(ALICE)
    assert (state.factors, state.is_overdue, state.rule) == ((), True, f"account {ALICE}")
    event = world.events.events[-1]
    assert isinstance(event, FactorsChanged)
    assert (event.actor, event.action, event.before, event.after) == (ACTOR, "factor.reset", ("totp",), ())


async def test_a_password_is_reset_by_a_code_and_distrusted(world: World) -> None:
    made = await world.admin.factors.reset_password(ALICE, ACTOR)
    assert isinstance(made, CodeMade)
    assert (await world.admin.factors.distrust(ALICE, ACTOR)).code != made.code
    (info,) = [each for each in await world.admin.accounts.list() if each.address == ALICE]
    assert info.must_change == "compromised"
    actions = [event.action for event in world.events.events if isinstance(event, DirectoryChanged)]
    assert actions == ["account.reset_password", "account.distrust_password", "account.reset_password"]


async def test_an_account_that_is_not_there_is_named(world: World) -> None:
    for call in (world.admin.factors.show("nobody@example.test"), world.admin.factors.reset("x@example.test", ACTOR)):
        with pytest.raises(PermanentError) as caught:
            await call
        assert caught.value.reason is Reason.NO_SUCH_USER
