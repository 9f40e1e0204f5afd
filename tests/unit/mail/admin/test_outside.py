import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from skrytka.mail.admin.outside import SyncChange
from skrytka.mail.identity.outside import OUTSIDE, OutsidePerson
from skrytka.mail.identity.verifier import decode_verifier
from skrytka.model.address import Address
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.events import CommandDone, DirectorySynced
from skrytka.model.secret import Secret
from skrytka.store.rows import AccountStatus
from skrytka.store.sql import access
from skrytka.store.sql import directory as sql
from tests.support.slapd import Slapd, slapd
from tests.unit.mail.outside_world import OutsideWorld
from tests.unit.mail.support import PeerFacts
from tests.unit.mail.world import ACTOR, World

pytestmark = pytest.mark.needs("slapd")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    with slapd(tmp_path_factory.mktemp("slapd")) as running:
        yield running


@pytest.fixture
async def people(world: World, server: Slapd) -> AsyncIterator[OutsideWorld]:
    made = OutsideWorld(world, server, sync_filter="(|(uid=alice)(uid=bob))")
    await made.ready()
    yield made
    made.passwords.close()


async def sync(people: OutsideWorld, *, is_dry: bool = False) -> list[tuple[str, str]]:
    return [
        (row.address.partition("@")[0], row.change) for row in await people.admin.outside.sync(ACTOR, is_dry=is_dry)
    ]


async def test_a_dry_run_says_it_and_does_nothing(people: OutsideWorld) -> None:
    expected = [("alice", "add"), ("alice", "role.give"), ("bob", "add"), ("bob", "role.give")]
    assert await sync(people, is_dry=True) == expected
    assert await people.addresses() == []
    assert await sync(people) == expected
    assert await people.addresses() == ["alice@example.org", "bob@example.org"]
    assert await sync(people) == []
    assert (await people.identity.login("bob@example.org", Secret("bob-password"), PeerFacts(), "PLAIN")).account


async def test_who_is_gone_there_is_suspended_here(people: OutsideWorld) -> None:
    await sync(people)
    await people.admin.accounts.add("local@example.org", Secret("correct horse"), ACTOR)
    await people.admin.accounts.add_outside("gone@example.org", f"{OUTSIDE}uid=gone,dc=example,dc=org", ACTOR)
    assert await sync(people, is_dry=True) == [("gone", "suspend")]
    assert await sync(people) == [("gone", "suspend")]
    row = await people.world.store.read(sql.account_by_address("gone@example.org"))
    assert row is not None
    assert row.status is AccountStatus.SUSPENDED
    assert await sync(people) == []
    await people.admin.accounts.suspend("bob@example.org", ACTOR)
    assert await people.admin.outside.sync(ACTOR, is_dry=False) == [
        SyncChange(address="bob@example.org", change="suspended", detail="resume it by hand")
    ]


async def test_an_entry_that_moved_and_a_role_that_ended_are_followed(people: OutsideWorld, server: Slapd) -> None:
    await people.admin.accounts.add_outside("alice@example.org", f"{OUTSIDE}uid=old,dc=example,dc=org", ACTOR)
    await people.admin.accounts.add("bob@example.org", Secret("correct horse"), ACTOR)
    assert await sync(people) == [("alice", "rename"), ("alice", "role.give"), ("bob", "left")]
    assert (await people.identity.login("alice@example.org", Secret("alice-password"), PeerFacts(), "PLAIN")).account
    other = OutsideWorld(people.world, server, sync_filter="(uid=alice)", group_attribute="cn")
    assert [row.change for row in await other.admin.outside.sync(ACTOR, is_dry=False)] == ["role.take"]
    assert [row.change for row in await other.admin.outside.sync(ACTOR, is_dry=False)] == []
    other.passwords.close()


async def test_an_empty_answer_empties_nothing(world: World, server: Slapd) -> None:
    people = OutsideWorld(world, server, sync_filter="(uid=nobody)")
    with pytest.raises(PermanentError) as caught:
        await people.admin.outside.sync(ACTOR, is_dry=False)
    assert caught.value.reason is Reason.NOT_PERMITTED
    with pytest.raises(PermanentError) as caught:
        await world.admin.outside.sync(ACTOR, is_dry=True)
    assert caught.value.reason is Reason.UNSUPPORTED
    people.passwords.close()


async def test_many_who_are_gone_at_once_are_a_fault(people: OutsideWorld) -> None:
    await sync(people)
    for number in range(8):
        name = f"gone{number}"
        await people.admin.accounts.add_outside(f"{name}@example.org", f"{OUTSIDE}uid={name},dc=example,dc=org", ACTOR)
    people.world.events.events.clear()
    with pytest.raises(PermanentError, match="8 of 10 are gone") as caught:
        await people.admin.outside.sync_by_timer()
    assert caught.value.reason is Reason.NOT_PERMITTED
    assert people.world.events.events == []
    changes = await people.admin.outside.sync(ACTOR, is_dry=False, is_forced=True)
    assert [row.change for row in changes] == ["suspend"] * 8


async def test_one_event_tells_of_a_sync_and_one_of_each_change(people: OutsideWorld) -> None:
    people.world.events.events.clear()
    await people.admin.outside.sync_by_timer()
    (told,) = [event for event in people.world.events.events if isinstance(event, DirectorySynced)]
    assert (told.actor, told.added, told.suspended, told.renamed, told.roles) == ("timer", 2, 0, 0, 2)
    given = [event for event in people.world.events.events if isinstance(event, CommandDone)]
    assert [(event.action, event.object, event.after) for event in given] == [
        ("role.give", "alice@example.org", "help_desk example.org"),
        ("role.give", "bob@example.org", "help_desk example.org"),
    ]
    people.world.events.events.clear()
    await people.admin.outside.sync_by_timer()
    assert people.world.events.events == []


def claims(people: OutsideWorld, monkeypatch: pytest.MonkeyPatch, *pairs: tuple[str, str]) -> None:
    """The directory has these: uid, and local part of the address."""

    async def everybody() -> list[OutsidePerson]:
        found = [OutsidePerson(entry(uid), Address.parse(f"{local}@example.org"), ()) for uid, local in pairs]
        return sorted(found, key=lambda person: (person.address.key, person.dn))

    monkeypatch.setattr(people.outside, "everybody", everybody)


def entry(uid: str) -> str:
    return f"uid={uid},ou=people,dc=example,dc=org"


async def dn(people: OutsideWorld, name: str) -> str:
    row = await people.world.store.read(sql.account_by_address(f"{name}@example.org"))
    assert row is not None
    (credential,) = await people.world.store.read(sql.credentials(row.account))
    return decode_verifier(credential.verifier).stored.removeprefix(OUTSIDE)


async def test_whoever_writes_somebody_elses_address_in_his_entry_gets_nothing(
    people: OutsideWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sync(people)
    claims(people, monkeypatch, ("aaa", "bob"), ("alice", "alice"), ("bob", "bob"), ("m", "new"), ("n", "new"))
    assert ("new", "left") in await sync(people)
    assert (await dn(people, "bob"), await people.addresses()) == (
        entry("bob"),
        ["alice@example.org", "bob@example.org"],
    )
    claims(people, monkeypatch, ("aaa", "bob"), ("alice", "alice"))  # bob's own is locked: it is there, and not found
    assert await sync(people) == [("bob", "left"), ("bob", "suspend")]
    assert await dn(people, "bob") == entry("bob")


async def test_an_entry_that_is_written_in_another_way_has_not_moved(
    people: OutsideWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    await people.admin.accounts.add_outside("bob@example.org", OUTSIDE + entry("BOB").replace(",", ", "), ACTOR)
    claims(people, monkeypatch, ("bob", "bob"))
    assert await sync(people) == []


async def test_nobody_is_made_by_the_timer_who_speaks_for_others(
    people: OutsideWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims(people, monkeypatch, ("m", "postmaster"), ("n", "alice+bank"), ("bob", "bob"))
    await people.admin.outside.sync_by_timer()
    assert await people.addresses() == ["bob@example.org"]
    await sync(people)  # somebody looks at it
    assert len(await people.addresses()) == 3


async def test_a_sync_of_many_lets_others_work(people: OutsideWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    await sync(people)
    claims(people, monkeypatch, ("alice", "alice"), ("bob", "bob"))
    await sync(people)
    loop, turns = asyncio.get_running_loop(), 0

    def turn() -> None:
        nonlocal turns
        turns += 1
        handles[:] = [loop.call_soon(turn)]

    handles = [loop.call_soon(turn)]
    assert await sync(people) == []  # reads alone, which never wait
    handles[0].cancel()
    assert turns >= 2


async def test_what_cannot_be_made_keeps_nobody_from_being_suspended(
    people: OutsideWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sync(people)
    await people.admin.aliases.set("aaa@example.org", ["alice@example.org"], ACTOR)
    claims(people, monkeypatch, ("m", "aaa"), ("alice", "alice"))
    assert await sync(people) == [("aaa", "left"), ("alice", "role.take"), ("bob", "suspend")]

    async def fails(*_args: object) -> object:
        raise PermanentError(Reason.TOO_MANY, "enough")

    monkeypatch.setattr(people.admin.outside, "_add", fails)
    await people.admin.accounts.add_outside("aa@example.org", OUTSIDE + entry("aa"), ACTOR)
    suspend = people.admin.accounts.suspend

    async def but_one(address: str, actor: str) -> object:  # the last administrator
        return await (fails() if address.startswith("aa@") else suspend(address, actor))

    monkeypatch.setattr(people.admin.accounts, "suspend", but_one)
    claims(people, monkeypatch, ("n", "carol"))
    assert await sync(people) == [("carol", "left"), ("aa", "left"), ("alice", "suspend")]


async def test_roles_follow_at_the_next_login_too(people: OutsideWorld, server: Slapd) -> None:
    await sync(people)
    other = OutsideWorld(people.world, server, group_attribute="cn")  # there she is in no such group any more
    other.passwords.refresh = other.admin.outside.refresh
    right = Secret("alice-password")
    with pytest.raises(PermanentError):
        await other.identity.login("alice@example.org", Secret("wrong"), PeerFacts(), "PLAIN")
    assert await grants(people, "alice") == ["help_desk"]
    await other.identity.login("alice@example.org", right, PeerFacts(), "PLAIN")
    assert await grants(people, "alice") == []
    people.passwords.refresh = people.admin.outside.refresh
    await people.identity.login("alice@example.org", right, PeerFacts(), "PLAIN")
    assert await grants(people, "alice") == ["help_desk"]
    other.passwords.close()


async def test_groups_that_cannot_be_read_change_nothing(people: OutsideWorld, server: Slapd) -> None:
    await sync(people)
    account = (await people.world.store.read(sql.accounts()))[0].account
    down = OutsideWorld(people.world, server, urls=("ldaps://localhost:1",))
    await down.admin.outside.refresh(account, "uid=alice,ou=people,dc=example,dc=org")
    await people.admin.outside.refresh(account, "uid=nobody,ou=people,dc=example,dc=org")
    await people.world.admin.outside.refresh(account, "uid=alice,ou=people,dc=example,dc=org")
    assert await grants(people, "alice") == ["help_desk"]
    down.passwords.close()


async def grants(people: OutsideWorld, name: str) -> list[str]:
    row = await people.world.store.read(sql.account_by_address(f"{name}@example.org"))
    assert row is not None
    return [grant.role for grant in await people.world.store.read(access.grants(row.account))]
