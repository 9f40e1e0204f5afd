import pytest
from pyotp import TOTP

from skrytka.mail.identity.factors import FactorDeps, Factors, Owner
from skrytka.mail.identity.totp import seed_text
from skrytka.mail.identity.webauthn import WebAuthn
from skrytka.model.address import Address
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.events import FactorsChanged
from skrytka.model.ids import UnitId
from skrytka.model.secret import Secret
from skrytka.store.commands.access import GiveRole
from skrytka.store.commands.factors import PutMfaRule
from skrytka.store.factor_rows import RuleScope
from skrytka.store.sql import factors as sql
from tests.support.authenticator import Authenticator
from tests.unit.mail.world import World

ORIGIN = "https://mail.example.test"
ALICE = "alice@example.test"
DAY_MS = 86_400_000


def factors(world: World, *, is_demo: bool = False, has_web: bool = True) -> Factors:
    web = WebAuthn("mail.example.test", frozenset({ORIGIN}), world.clock, world.random) if has_web else None
    return Factors(
        FactorDeps(
            store=world.store,
            keys=world.keys,
            events=world.events,
            clock=world.clock,
            random=world.random,
            webauthn=web,
            is_demo=is_demo,
        )
    )


async def owner(world: World, name: str = "alice") -> Owner:
    return await factors(world).owner(await world.account(name))


def code(world: World, seed: Secret) -> str:
    return TOTP(seed_text(seed)).at(world.clock.now_ms() // 1000)


async def add_totp(world: World, made: Factors, who: Owner, enrol_code: Secret | None = None) -> Secret:
    seed, _uri = made.new_totp(who)
    await made.add_totp(who, "phone", seed, code(world, seed), ALICE, enrol_code=enrol_code)
    return seed


async def demand(
    world: World, scope: str, subject: str, *, grace_ms: int = 0, required: bool = True, until_ms: int | None = None
) -> None:
    await world.store.submit(
        PutMfaRule(
            unit=UnitId(world.random.token(16)),
            scope=RuleScope(scope),
            subject=subject,
            is_required=required,
            grace_ms=grace_ms,
            until_ms=until_ms,
        )
    )


def changes(world: World) -> list[tuple[str, str, tuple[str, ...], tuple[str, ...]]]:
    found = [event for event in world.events.events if isinstance(event, FactorsChanged)]
    return [(event.actor, event.action, event.before, event.after) for event in found]


async def notices(world: World) -> list[str]:
    """Those of one millisecond have no order."""
    return sorted(row.what.value for row in await world.store.read(sql.notices(100)))


async def test_an_account_begins_with_nothing_and_nothing_is_demanded(world: World) -> None:
    state = await factors(world).state(await owner(world))
    assert (state.factors, state.recovery_codes, state.is_required, state.has_mfa) == ((), 0, False, False)


async def test_an_app_is_added_with_its_first_code(world: World) -> None:
    made, alice = factors(world), await owner(world)
    seed, uri = made.new_totp(alice)
    assert b"alice%40example.test" in uri.reveal()
    with pytest.raises(PermanentError) as caught:
        await made.add_totp(alice, "phone", seed, "000000", ALICE)
    assert caught.value.reason is Reason.BAD_CREDENTIALS
    state = await made.add_totp(alice, " my  phone ", seed, code(world, seed), ALICE)
    (info,) = state.factors
    assert (info.factor, info.kind, info.name, info.is_passkey, info.is_locked) == (1, "totp", "my phone", False, False)
    assert state.has_mfa
    assert changes(world) == [(ALICE, "factor.add", (), ("totp",))]
    assert await notices(world) == ["totp.added"]
    (row,) = await made.rows(alice.account)
    assert seed.reveal() not in row.sealed


async def test_keys_are_added_several_and_named(world: World) -> None:
    made, alice = factors(world), await owner(world)
    for name, is_passkey in (("laptop", True), ("blue key", False)):
        device = Authenticator(ORIGIN, is_verifying=is_passkey)
        options = await made.begin_webauthn(alice, b"session", is_passkey=is_passkey)
        await made.add_webauthn(alice, b"session", name, device.create(options), ALICE)
    state = await made.state(alice)
    assert [(each.factor, each.name, each.is_passkey) for each in state.factors] == [
        (1, "laptop", True),
        (2, "blue key", False),
    ]
    state = await made.remove(alice, 1, ALICE)
    assert [each.name for each in state.factors] == ["blue key"]
    assert changes(world)[-1] == (ALICE, "factor.remove", ("webauthn", "webauthn"), ("webauthn",))
    assert await notices(world) == ["webauthn.added", "webauthn.added", "webauthn.removed"]


async def test_without_a_web_there_are_no_passkeys(world: World) -> None:
    with pytest.raises(PermanentError) as caught:
        await factors(world, has_web=False).begin_webauthn(await owner(world), b"s", is_passkey=True)
    assert caught.value.reason is Reason.UNSUPPORTED


async def test_recovery_codes_are_for_who_has_a_factor_and_new_ones_end_the_old(world: World) -> None:
    made, alice = factors(world), await owner(world)
    with pytest.raises(PermanentError) as caught:
        await made.make_codes(alice, ALICE)
    assert caught.value.reason is Reason.NOT_PERMITTED
    await add_totp(world, made, alice)
    first, second = await made.make_codes(alice, ALICE), await made.make_codes(alice, ALICE)
    assert len({code.reveal() for code in (*first, *second)}) == 20
    assert (await made.state(alice)).recovery_codes == 10
    assert changes(world)[-1] == (ALICE, "codes.make", ("totp",), ("totp",))
    assert "codes.made" in await notices(world)


async def test_a_rule_demands_a_factor_after_its_grace(world: World) -> None:
    made, alice = factors(world), await owner(world)
    await demand(world, "domain", "example.test", grace_ms=DAY_MS)
    state = await made.state(alice)
    assert (state.is_required, state.is_overdue, state.has_mfa) == (True, False, False)
    assert state.rule == "domain example.test"
    assert state.due_at_ms == world.clock.now_ms() + DAY_MS
    assert not await made.needs_code(alice)  # in time, his password is enough to bring his own
    world.clock.advance(DAY_MS / 1000)
    state = await made.state(alice)
    assert (state.is_required, state.is_overdue, state.has_mfa) == (True, True, True)


async def test_the_last_factor_stays_where_one_is_demanded(world: World) -> None:
    made, alice = factors(world), await owner(world)
    await add_totp(world, made, alice)
    await demand(world, "account", ALICE, grace_ms=DAY_MS)
    with pytest.raises(PermanentError) as caught:
        await made.remove(alice, 1, ALICE)
    assert caught.value.reason is Reason.NOT_PERMITTED
    await demand(world, "account", ALICE, required=False, until_ms=world.clock.now_ms() + DAY_MS)
    assert (await made.remove(alice, 1, ALICE)).factors == ()


async def test_a_reset_goes_on_demanding_a_factor_and_only_its_code_lets_one_in(world: World) -> None:
    made, alice = factors(world), await owner(world)
    await add_totp(world, made, alice)
    await made.make_codes(alice, ALICE)
    enrol = await made.reset(alice, "local root")
    state = await made.state(alice)
    assert (state.factors, state.recovery_codes) == ((), 0)
    assert (state.is_required, state.is_overdue, state.has_mfa) == (True, True, True)
    assert changes(world)[-1] == ("local root", "factor.reset", ("totp",), ())
    assert await notices(world) == ["codes.made", "factors.reset", "totp.added"]
    assert await made.needs_code(alice)
    wrong = Secret("abcde-fghij-kmnpq-rstuv-wxyz2")
    for code_ in (None, wrong, Secret("nonsense")):
        with pytest.raises(PermanentError) as caught:
            await add_totp(world, made, alice, code_)
        assert caught.value.reason is Reason.NOT_PERMITTED
    await add_totp(world, made, alice, enrol)
    assert not await made.needs_code(alice)


async def test_the_code_of_a_reset_is_over_after_a_day(world: World) -> None:
    made, alice = factors(world), await owner(world)
    enrol = await made.reset(alice, "local root")
    world.clock.advance(DAY_MS / 1000)
    with pytest.raises(PermanentError) as caught:
        await add_totp(world, made, alice, enrol)
    assert caught.value.reason is Reason.NOT_PERMITTED


async def test_the_code_of_a_reset_works_once(world: World) -> None:
    made, alice = factors(world), await owner(world)
    enrol = await made.reset(alice, "local root")
    await add_totp(world, made, alice, enrol)
    await made.reset(alice, "local root")
    with pytest.raises(PermanentError):
        await add_totp(world, made, alice, enrol)


async def test_an_administrator_always_needs_one_on_the_web_but_in_a_demo(world: World) -> None:
    admin = await owner(world, "admin")
    state = await factors(world).state(admin)
    assert (state.is_required, state.is_overdue, state.rule) == (True, True, "administrator")
    assert not await factors(world).needs_code(admin)  # somebody has to be the first
    await demand(world, "account", "admin@example.test", required=False)
    assert (await factors(world).state(admin)).is_overdue
    assert not (await factors(world, is_demo=True).state(admin)).is_required
    assert not (await factors(world).state(admin, is_web=False)).is_required


async def test_an_account_that_is_gone_has_no_owner(world: World) -> None:
    from skrytka.model.ids import AccountId

    with pytest.raises(PermanentError) as caught:
        await factors(world).owner(AccountId(99))
    assert caught.value.reason is Reason.NO_SUCH_USER
    assert (await owner(world)).address == Address.parse(ALICE)


async def test_who_was_given_a_role_is_an_administrator_and_rules_may_name_it(world: World) -> None:
    made, alice = factors(world), await owner(world)
    unit = UnitId(world.random.token(16))
    await world.store.submit(GiveRole(unit=unit, account=alice.account, role="help_desk", domain="example.test"))
    assert (await made.state(alice)).rule == "administrator"
    assert not (await made.state(alice, is_web=False)).is_required
    await world.admin.mfa.require("role:help_desk", 3, ALICE)
    assert (await made.state(alice, is_web=False)).rule == "role help_desk"
    assert not (await made.state(await owner(world, "bob"))).is_required


async def test_who_has_shown_a_password_alone_adds_nothing_beside_a_factor(world: World) -> None:
    """A session that may enrol a first factor is open while its owner enrols one: it must not bring another."""
    made, alice = factors(world), await owner(world)
    await add_totp(world, made, alice)
    seed, _uri = made.new_totp(alice)
    with pytest.raises(PermanentError) as caught:
        await made.add_totp(alice, "thief", seed, code(world, seed), ALICE, is_first=True)
    assert caught.value.reason is Reason.NOT_PERMITTED
    assert [each.name for each in (await made.state(alice)).factors] == ["phone"]
