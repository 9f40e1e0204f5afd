import pytest

from skrytka.model.actor import LOCAL_ROOT, AccessRole, Grant
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.events import MfaRuleChanged
from tests.unit.mail.world import ACTOR, World

DAY_MS = 86_400_000


async def test_rules_are_made_listed_and_dropped(world: World) -> None:
    rules = world.admin.mfa
    assert (await rules.require("role:user", 30, ACTOR)).grace_days == 30
    assert (await rules.require("Example.Test", 14, ACTOR)).subject == "example.test"
    assert (await rules.require("Alice@example.test", 0, ACTOR)).subject == "alice@example.test"
    found = [(rule.scope, rule.subject, rule.is_required, rule.grace_days) for rule in await rules.list()]
    assert found == [
        ("account", "alice@example.test", True, 0),
        ("domain", "example.test", True, 14),
        ("role", "user", True, 30),
    ]
    assert (await rules.drop("example.test", ACTOR)).subject == "example.test"
    assert [rule.subject for rule in await rules.list()] == ["alice@example.test", "user"]
    state = await world.admin.factors.show("alice@example.test")
    assert (state.is_overdue, state.rule) == (True, "account alice@example.test")


async def test_an_exception_has_an_end_and_a_reason_that_is_on_record(world: World) -> None:
    await world.admin.mfa.require("example.test", 0, ACTOR)
    made = await world.admin.mfa.exempt("alice@example.test", 7, "lost the key", ACTOR)
    assert (made.is_required, made.until_at_ms) == (False, world.clock.now_ms() + 7 * DAY_MS)
    assert not (await world.admin.factors.show("alice@example.test")).is_required
    assert (await world.admin.factors.show("bob@example.test")).is_overdue
    event = world.events.events[-1]
    assert isinstance(event, MfaRuleChanged)
    assert (event.before, event.after, event.reason, event.actor) == ("", "exempt", "lost the key", ACTOR)
    await world.admin.mfa.require("alice@example.test", 1, ACTOR)
    event = world.events.events[-1]
    assert isinstance(event, MfaRuleChanged)
    assert (event.before, event.after, event.grace_days) == ("exempt", "required", 1)
    await world.admin.mfa.drop("alice@example.test", ACTOR)
    event = world.events.events[-1]
    assert isinstance(event, MfaRuleChanged)
    assert (event.before, event.after) == ("required", "")


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("role:cook", Reason.BAD_SYNTAX),
        ("example.net", Reason.NO_SUCH_DOMAIN),
        ("nobody@example.test", Reason.NO_SUCH_USER),
        ("no domain", Reason.BAD_SYNTAX),
    ],
)
async def test_a_rule_for_what_is_not_there_is_refused(world: World, target: str, reason: Reason) -> None:
    with pytest.raises(PermanentError) as caught:
        await world.admin.mfa.require(target, 0, ACTOR)
    assert caught.value.reason is reason


@pytest.mark.parametrize("name", ["admin", "alice"])
async def test_of_an_administrator_one_is_always_demanded(world: World, name: str) -> None:
    """Of whatever kind: who may lift rules of others in his domain must not lift his own."""
    role = Grant(AccessRole.DOMAIN_ADMIN, "example.test")
    await world.admin.roles.give(await world.account("alice"), role, LOCAL_ROOT)
    with pytest.raises(PermanentError) as caught:
        await world.admin.mfa.exempt(f"{name}@example.test", 1, "he asked", ACTOR)
    assert caught.value.reason is Reason.NOT_PERMITTED


async def test_what_has_no_rule_cannot_be_dropped(world: World) -> None:
    with pytest.raises(PermanentError) as caught:
        await world.admin.mfa.drop("role:user", ACTOR)
    assert caught.value.reason is Reason.NO_SUCH_OBJECT
