from tests.unit.mail.identity.oauth.support import Case
from tests.unit.mail.world import ACTOR, World


async def test_nobody_acts_for_a_suspended_account(world: World) -> None:
    case, account = Case(world), await world.account("alice")
    assert await case.deps.active(account) is not None
    await world.admin.accounts.suspend("alice@example.test", ACTOR)
    assert await case.deps.active(account) is None
    assert case.deps.unit() != case.deps.unit()
    assert case.deps.grant_id() != case.deps.grant_id()
