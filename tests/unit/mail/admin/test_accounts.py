import dataclasses
from pathlib import Path

import pytest

from skrytka.mail.admin.accounts import Accounts
from skrytka.mail.identity.directory import StoredCredentials
from skrytka.mail.identity.policy import PasswordPolicy
from skrytka.model.address import Address
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.events import DirectoryChanged
from skrytka.model.secret import Secret
from skrytka.model.settings import Passwords
from skrytka.store.commands.directory import AddAccount, ReserveAccount
from skrytka.store.seal.ring import account_subject
from skrytka.store.sql import factors
from skrytka.store.statement import Query
from tests.unit.mail.world import ACTOR, MESSAGE, PASSWORD, World, fails


def actions(world: World) -> list[tuple[str, str, str]]:
    return [
        (event.actor, event.action, event.object)
        for event in world.events.events
        if isinstance(event, DirectoryChanged)
    ]


async def stored(world: World, address: str) -> tuple[str, frozenset[str]]:
    found = await StoredCredentials(world.store, world.clock, world.random).find(Address.parse(address))
    assert found is not None
    assert found.stored is not None
    return found.stored, found.services


async def test_an_account_is_made_with_its_key_folders_and_password(world: World) -> None:
    info = await world.admin.accounts.add("Carol@Example.Test", PASSWORD, ACTOR, quota_bytes=1000)
    assert (info.address, info.status, info.quota_bytes, info.messages) == ("carol@example.test", "active", 1000, 0)
    assert actions(world) == [(ACTOR, "account.add", "carol@example.test")]
    verifier, services = await stored(world, "carol@example.test")
    assert (await world.passwords.verify(await world.account("carol"), PASSWORD, verifier)).is_right
    assert services == frozenset()
    assert len(await world.mailboxes.names(await world.account("carol"))) == 6
    assert (await world.deliver(MESSAGE, "carol@example.test")).reply.is_positive


async def test_the_key_is_there_before_the_account(world: World) -> None:
    world.store.failures[AddAccount] = fails(TransientError(Reason.DISK_FULL))
    world.store.commands.clear()
    with pytest.raises(TransientError):
        await world.admin.accounts.add("carol@example.test", PASSWORD, ACTOR)
    assert [type(command) for command in world.store.commands] == [ReserveAccount, AddAccount]
    added = world.store.commands[1]
    assert isinstance(added, AddAccount)
    assert len(world.ring.get(account_subject(added.account))) == 32
    assert actions(world) == []
    await world.admin.accounts.add("carol@example.test", PASSWORD, ACTOR)  # and it can be tried again


async def test_a_password_that_is_given_is_not_what_everybody_tries(world: World, tmp_path: Path) -> None:
    policy = PasswordPolicy(Passwords(), tmp_path / "none", world.events, words=("zaffre",))
    accounts = Accounts(dataclasses.replace(world.admin.accounts._deps, policy=policy))
    for password in ("abc", "password", "correct", "zaffrezaffre"):
        with pytest.raises(PermanentError) as refused:
            await accounts.add("carol@example.test", Secret(password), ACTOR, must_change="given")
        assert refused.value.reason is Reason.WEAK_PASSWORD
        with pytest.raises(PermanentError):
            await accounts.set_password("alice@example.test", Secret(password), ACTOR, "given")
    assert actions(world) == []
    await accounts.set_password("alice@example.test", Secret("violet umbrella"), ACTOR, "given")
    for again in (Secret("violet umbrella"), PASSWORD):
        with pytest.raises(PermanentError, match="before"):
            await accounts.set_password("alice@example.test", again, ACTOR, "given")
    await accounts.add("carol@example.test", Secret("correct horse"), ACTOR, must_change="given")


WRONG = [
    ("alice@example.test", "x", Reason.ALREADY_EXISTS),
    ("postmaster@example.test", "x", Reason.ALREADY_EXISTS),
    ("x@example.net", "x", Reason.NO_SUCH_DOMAIN),
    ("no address", "x", Reason.BAD_SYNTAX),
    ("x@[127.0.0.1]", "x", Reason.BAD_SYNTAX),
    ("x@example.test", "", Reason.BAD_SYNTAX),
]


@pytest.mark.parametrize(("address", "password", "reason"), WRONG)
async def test_what_cannot_be_an_account_is_refused_with_its_reason(
    world: World, address: str, password: str, reason: Reason
) -> None:
    with pytest.raises(PermanentError) as caught:
        await world.admin.accounts.add(address, Secret(password), ACTOR)
    assert caught.value.reason is reason
    assert caught.value.detail
    assert actions(world) == []


async def test_an_admins_password_is_for_the_web_only_and_stays_so(world: World) -> None:
    assert (await stored(world, "admin@example.test"))[1] == frozenset({"web"})
    info = await world.admin.accounts.set_password("admin@example.test", Secret("new"), ACTOR)
    assert info.services == ("web",)
    verifier, services = await stored(world, "admin@example.test")
    assert services == frozenset({"web"})
    admin = await world.account("admin")
    assert (await world.passwords.verify(admin, Secret("new"), verifier)).is_right
    assert not (await world.passwords.verify(admin, PASSWORD, verifier)).is_right


async def test_services_may_be_named(world: World) -> None:
    info = await world.admin.accounts.add("c@example.test", PASSWORD, ACTOR, is_admin=True, services=())
    assert info.services == ()


async def test_a_suspended_account_can_be_resumed(world: World) -> None:
    assert (await world.admin.accounts.suspend("alice@example.test", ACTOR)).status == "suspended"
    assert (await world.admin.accounts.resume("alice@example.test", ACTOR)).status == "active"
    assert [action for _, action, _ in actions(world)] == ["account.suspend", "account.resume"]


async def test_a_removed_account_is_gone_and_its_aliases_are_named(world: World) -> None:
    await world.admin.aliases.add("info@example.test", ["alice@example.test", "bob@example.test"], ACTOR)
    removed = await world.admin.accounts.remove("alice@example.test", ACTOR)
    assert (removed.address, removed.dangling_aliases) == ("alice@example.test", ("info@example.test",))
    assert "alice@example.test" not in [info.address for info in await world.admin.accounts.list()]
    with pytest.raises(PermanentError) as caught:
        await world.admin.accounts.remove("alice@example.test", ACTOR)
    assert caught.value.reason is Reason.NO_SUCH_USER


async def test_who_alone_answers_for_a_domain_cannot_be_removed(world: World) -> None:
    with pytest.raises(PermanentError) as caught:
        await world.admin.accounts.remove("admin@example.test", ACTOR)
    assert caught.value.reason is Reason.NOT_PERMITTED
    assert "postmaster@example.test" in caught.value.detail


@pytest.mark.parametrize("change", ["suspend", "remove"])
async def test_the_last_active_administrator_stays(world: World, change: str) -> None:
    accounts = world.admin.accounts
    for role in ("postmaster", "abuse", "hostmaster", "security"):
        await world.admin.aliases.set(f"{role}@example.test", ["alice@example.test"], ACTOR)
    with pytest.raises(PermanentError, match="last active administrator") as caught:
        await getattr(accounts, change)("admin@example.test", ACTOR)
    assert caught.value.reason is Reason.NOT_PERMITTED
    assert [info.address for info in await accounts.list() if info.is_admin] == ["admin@example.test"]
    await accounts.add("second@example.test", PASSWORD, ACTOR, is_admin=True)
    await getattr(accounts, change)("admin@example.test", ACTOR)
    with pytest.raises(PermanentError, match="last active administrator"):
        await getattr(accounts, change)("second@example.test", ACTOR)


async def test_a_list_is_of_one_domain_or_of_all(world: World) -> None:
    await world.admin.domains.add("second.test", ACTOR)
    await world.admin.accounts.add("x@second.test", PASSWORD, ACTOR)
    assert len(await world.admin.accounts.list()) == 4
    assert [info.address for info in await world.admin.accounts.list("Second.Test")] == ["x@second.test"]
    with pytest.raises(PermanentError) as caught:
        await world.admin.accounts.list("third.test")
    assert caught.value.reason is Reason.NO_SUCH_DOMAIN


async def test_no_event_and_no_repr_holds_the_password(world: World) -> None:
    await world.admin.accounts.set_password("alice@example.test", Secret("hunter2"), ACTOR)
    assert "hunter2" not in repr(world.events.events) + repr(world.store.commands)


async def test_a_password_that_an_administrator_gives_is_to_be_changed_and_the_one_before_is_kept(world: World) -> None:
    info = await world.admin.accounts.set_password("alice@example.test", Secret("given words"), ACTOR, "given")
    assert info.must_change == "given"
    kept = await world.store.read(factors.password_history(await world.account("alice"), 9))
    assert len(kept) == 1
    info = await world.admin.accounts.add("dora@example.test", PASSWORD, ACTOR, must_change="given")
    assert info.must_change == "given"
    (bob,) = [each for each in await world.admin.accounts.list() if each.address == "bob@example.test"]
    assert bob.must_change == ""


async def test_a_list_asks_the_store_as_often_for_many_as_for_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    read = world.store.read

    async def counting(query: Query[object]) -> object:
        asked.append(1)
        return await read(query)

    monkeypatch.setattr(world.store, "read", counting)
    found = await world.admin.accounts.list()
    assert (len(found) > 2, len(asked)) == (True, 3)
    assert found == [await world.admin.accounts.show(each.address) for each in found]
