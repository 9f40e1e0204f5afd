import pytest

from skrytka.mail.identity.change import ChangeDeps, PasswordCare
from skrytka.mail.identity.factors import Factors
from skrytka.mail.identity.typed_codes import TypedCodes
from skrytka.mail.identity.types import Login
from skrytka.model.errors import PermanentError
from skrytka.model.secret import Secret
from tests.unit.mail.identity.test_factors import ALICE, add_totp, code, factors, owner
from tests.unit.mail.identity.test_proofs import PEER, proofs
from tests.unit.mail.world import ACTOR, PASSWORD, World


def typed(world: World, made: Factors) -> TypedCodes:
    deps = ChangeDeps(
        store=world.store,
        keys=world.keys,
        passwords=world.passwords,
        events=world.events,
        clock=world.clock,
        random=world.random,
    )
    return TypedCodes(made, proofs(world, made), PasswordCare(deps))


async def login(world: World, name: str = "alice") -> Login:
    who = await owner(world, name)
    return Login(who.account, who.address)


async def test_nothing_is_needed_until_there_is_a_factor_or_one_is_demanded(world: World) -> None:
    made = factors(world)
    asked, alice = typed(world, made), await login(world)
    assert (await asked.is_needed(alice), await asked.must_enrol(alice)) == (False, True)
    await world.admin.mfa.require(ALICE, 0, ACTOR)
    assert (await asked.is_needed(alice), await asked.must_enrol(alice)) == (True, True)
    await world.admin.mfa.drop(ALICE, ACTOR)
    await add_totp(world, made, await owner(world))
    assert (await asked.is_needed(alice), await asked.must_enrol(alice)) == (True, False)


async def test_an_administrator_needs_one_from_his_first_login_on(world: World) -> None:
    asked, admin = typed(world, factors(world)), await login(world, "admin")
    assert (await asked.is_needed(admin), await asked.must_enrol(admin)) == (True, True)
    assert not await typed(world, factors(world, is_demo=True)).is_needed(admin)


async def test_digits_are_a_code_of_an_app_and_letters_a_recovery_code(world: World) -> None:
    made = factors(world)
    asked, alice = typed(world, made), await login(world)
    seed = await add_totp(world, made, await owner(world))
    (recovery, *_rest) = await made.make_codes(await owner(world), ALICE)
    world.clock.advance(30)
    await asked.check(alice, Secret(code(world, seed)), PEER)
    await asked.check(alice, recovery, PEER)
    for wrong in (recovery, Secret("000000"), Secret(b"\xff"), Secret("")):
        with pytest.raises(PermanentError):
            await asked.check(alice, wrong, PEER)


@pytest.mark.parametrize("must_change", ["given", "once"])
async def test_a_given_password_is_to_be_changed(world: World, must_change: str) -> None:
    asked, alice = typed(world, factors(world)), await login(world)
    assert not await asked.must_change(alice)
    await world.admin.accounts.set_password(ALICE, PASSWORD, ACTOR, must_change)
    assert await asked.must_change(alice)
