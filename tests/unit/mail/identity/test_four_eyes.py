"""Who counts as one person, and which lock of an account holds."""

import pytest

from skrytka.mail.identity.access_deps import AccessDeps
from skrytka.mail.identity.four_eyes import DAY_MS, Hands, Lock
from skrytka.mail.identity.verifier import Verifier
from skrytka.model.actor import LOCAL_ROOT, AccessRole, Actor, Grant
from skrytka.model.ids import AccountId, new_unit
from skrytka.model.secret import Secret
from skrytka.model.settings import Approvals
from skrytka.store.access_rows import HandKind
from skrytka.store.commands import AddFactor, RemoveAccount, SetPassword
from skrytka.store.factor_rows import FactorKind
from tests.unit.mail.world import ACTOR, World

DAYS = Approvals().independent_days


@pytest.fixture
def hands(access: AccessDeps) -> Hands:
    return Hands(access, Approvals)


def actor(account: AccountId) -> Actor:
    return Actor(f"account {account}", account, (Grant(AccessRole.SYSTEM_ADMIN),))


async def people(world: World) -> list[AccountId]:
    return [await world.account(name) for name in ("admin", "alice", "bob")]


async def add_factor(world: World, account: AccountId) -> None:
    unit = new_unit(world.clock, world.random)
    await world.store.submit(AddFactor(unit=unit, account=account, factor=1, kind=FactorKind.TOTP, sealed=b"s" * 40))


@pytest.mark.parametrize("kind", HandKind)
async def test_whoever_has_a_hand_in_it_counts_as_one_person_with_it(
    world: World, hands: Hands, kind: HandKind
) -> None:
    admin, alice, bob = await people(world)
    assert not await hands.are_one_person(admin, alice)
    await hands.note(alice, kind, actor(admin))
    assert await hands.are_one_person(admin, alice)
    assert await hands.are_one_person(alice, admin)  # who asks by a second account is no better than who approves
    assert not await hands.are_one_person(alice, bob)


async def test_it_goes_through_as_many_accounts_as_there_are(world: World, hands: Hands) -> None:
    admin, alice, bob = await people(world)
    await hands.note(alice, HandKind.MADE, actor(admin))
    await hands.note(bob, HandKind.ROLE, actor(alice))
    assert await hands.are_one_person(admin, bob)
    await hands.note(alice, HandKind.ROLE, actor(bob))  # in a circle too
    assert await hands.are_one_person(admin, bob)


async def test_an_account_that_is_gone_still_stands_between_two(world: World, hands: Hands) -> None:
    """Else who makes a second account, and a third by it, has the second removed and agrees with himself."""
    admin, alice, bob = await people(world)
    await hands.note(alice, HandKind.MADE, actor(admin))
    await hands.note(bob, HandKind.MADE, actor(alice))
    await world.store.submit(RemoveAccount(unit=new_unit(world.clock, world.random), account=alice))
    assert await hands.are_one_person(admin, bob)


async def test_two_accounts_of_a_third_are_one_person(world: World, hands: Hands) -> None:
    admin, alice, bob = await people(world)
    for account in (alice, bob):
        await hands.note(account, HandKind.MADE, actor(admin))
    assert await hands.are_one_person(alice, bob)


async def test_who_was_helped_by_both_makes_them_no_one_person(world: World, hands: Hands) -> None:
    admin, alice, bob = await people(world)
    for each in (alice, bob):
        await hands.note(admin, HandKind.PASSWORD, actor(each))
    assert not await hands.are_one_person(alice, bob)


async def test_it_ends_after_the_days_of_the_setting_and_begins_anew_with_each_hand(world: World, hands: Hands) -> None:
    admin, alice, _bob = await people(world)
    await hands.note(alice, HandKind.ROLE, actor(admin))
    world.clock.advance(DAYS * DAY_MS // 1000)
    assert await hands.are_one_person(admin, alice)
    world.clock.advance(1)
    assert not await hands.are_one_person(admin, alice)
    await hands.note(alice, HandKind.ROLE, actor(admin))
    assert await hands.are_one_person(admin, alice)


async def test_local_root_and_the_owner_are_nobody_s_hand(world: World, hands: Hands) -> None:
    admin, alice, _bob = await people(world)
    for who in (LOCAL_ROOT, actor(alice)):
        await hands.note(alice, HandKind.PASSWORD, who)
    assert not await hands.are_one_person(admin, alice)
    assert await hands.holds(alice, Lock.PASSWORD)


async def test_more_people_than_anybody_looks_at_are_one_person(
    world: World, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skrytka.mail.identity.four_eyes.PEOPLE_MAX", 2)
    admin, alice, bob = await people(world)
    await hands.note(alice, HandKind.MADE, actor(AccountId(98)))
    await hands.note(alice, HandKind.ROLE, actor(AccountId(99)))
    assert await hands.are_one_person(alice, bob)
    assert not await hands.are_one_person(admin, bob)


async def test_a_lock_holds_that_its_owner_has_made_and_nobody_has_renewed_lately(world: World, hands: Hands) -> None:
    admin, alice, bob = await people(world)
    assert await hands.holds(alice, Lock.PASSWORD)
    assert not await hands.holds(alice, Lock.FACTORS)
    await add_factor(world, alice)
    assert await hands.holds(alice, Lock.FACTORS)
    await hands.note(alice, HandKind.PASSWORD, actor(admin))
    assert [await hands.holds(alice, lock) for lock in Lock] == [False, True]
    await hands.note(alice, HandKind.FACTORS, actor(bob))  # whoever it was
    assert [await hands.holds(alice, lock) for lock in Lock] == [False, False]
    world.clock.advance(DAYS * DAY_MS // 1000 + 1)
    assert [await hands.holds(alice, lock) for lock in Lock] == [True, True]


@pytest.mark.parametrize(("must_change", "holds"), [("", True), ("given", True), ("once", False)])
async def test_a_password_that_was_chosen_from_elsewhere_holds_nobody_up(
    world: World, hands: Hands, must_change: str, holds: bool
) -> None:
    _admin, alice, _bob = await people(world)
    await world.admin.accounts.set_password("alice@example.test", Secret("given by somebody"), ACTOR, must_change)
    assert await hands.holds(alice, Lock.PASSWORD) is holds


async def test_a_password_that_is_known_to_others_holds_nobody_up(world: World, hands: Hands) -> None:
    _admin, alice, _bob = await people(world)
    await world.admin.factors.distrust("alice@example.test", ACTOR)
    assert not await hands.holds(alice, Lock.PASSWORD)
    assert not await hands.holds(AccountId(999), Lock.PASSWORD)


async def test_a_password_that_a_code_has_set_is_known_to_who_made_the_code_until_it_is_changed(
    world: World, hands: Hands
) -> None:
    admin, alice, _bob = await people(world)
    for is_by_code, is_helped, holds in ((True, False, True), (True, True, False), (False, True, True)):
        stored = await world.passwords.hash(alice, Secret("correct horse battery"))
        verifier = Verifier(stored, is_by_code=is_by_code).encode()
        await world.store.submit(
            SetPassword(unit=new_unit(world.clock, world.random), account=alice, verifier=verifier)
        )
        if is_helped:
            await hands.note(alice, HandKind.PASSWORD, actor(admin))
        world.clock.advance(DAYS * DAY_MS // 1000 + 1)
        assert await hands.holds(alice, Lock.PASSWORD) is holds, (is_by_code, is_helped)
