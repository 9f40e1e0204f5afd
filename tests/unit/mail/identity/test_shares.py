"""Who shares what with whom, as the directory has it now."""

from skrytka.mail.identity.shares import ALL, Owner, Shares
from skrytka.model.ids import AccountId
from tests.unit.mail.world import ACTOR, World

ALICE, BOB = "alice@example.test", "bob@example.test"


async def test_what_is_shared_is_found_and_gone_when_it_is_taken(world: World) -> None:
    shares, bob = Shares(world.store), await world.account("bob")
    assert await shares.of(bob) == {}
    await world.admin.sharing.add(ALICE, BOB, "INBOX", "lr", ACTOR)
    await world.admin.sharing.add(ALICE, BOB, "Sent", "l", ACTOR)
    (owner,) = (await shares.of(bob)).values()
    assert (owner.account, owner.address) == (await world.account("alice"), ALICE)
    assert [owner.on(mailbox) for mailbox in sorted(owner.rights)] == ["lr", "l"]
    assert await shares.of(await world.account("alice")) == {}
    await world.admin.sharing.remove(ALICE, BOB, "INBOX", ACTOR)
    assert [list((await shares.of(bob))[ALICE].rights.values())] == [["l"]]


async def test_the_directory_is_read_once_for_each_change_of_it(world: World) -> None:
    shares, bob = Shares(world.store), await world.account("bob")
    first = await shares.of(bob)
    changes = shares.changes
    assert await shares.of(bob) is first
    await world.admin.sharing.add(ALICE, BOB, "*", "lr", ACTOR)
    assert shares.changes > changes
    assert (await shares.of(bob))[ALICE].on(17) == "lr"


async def test_nothing_is_shared_by_or_with_an_account_that_is_suspended(world: World) -> None:
    shares, bob = Shares(world.store), await world.account("bob")
    await world.admin.sharing.add(ALICE, BOB, "*", "lr", ACTOR)
    for name in (ALICE, BOB):
        await world.admin.accounts.suspend(name, ACTOR)
        assert await shares.of(bob) == {}
        await world.admin.accounts.resume(name, ACTOR)
        assert set(await shares.of(bob)) == {ALICE}


def test_rights_on_all_and_on_one_add_up() -> None:
    owner = Owner(AccountId(1), ALICE, {ALL: "l", 3: "rs"})
    assert (owner.on(3), owner.on(4)) == ("lrs", "l")
    assert Owner(AccountId(1), ALICE, {3: "lr"}).on(4) == ""
