"""OWASP ASVS 5 V7: secrets, limits of time, ends."""

import pytest

from skrytka.mail.identity.access_deps import AccessDeps
from skrytka.mail.identity.roles import Roles
from skrytka.mail.identity.sessions import (
    ADMIN_IDLE_S,
    ADMIN_WHOLE_S,
    ENROL_S,
    IDLE_S,
    SEEN_EVERY_S,
    SESSIONS_MAX,
    WHOLE_S,
    Place,
    Sessions,
)
from skrytka.model.actor import LOCAL_ROOT, AccessRole, Grant
from skrytka.model.errors import PermanentError
from skrytka.store.sql import access as sql
from tests.unit.mail.world import ACTOR, World

PLACE = Place("192.0.2.1", "Firefox")


async def test_a_session_is_its_owner_with_the_roles_of_now(world: World, access: AccessDeps) -> None:
    sessions, alice = Sessions(access), await world.account("alice")
    token = (await sessions.begin(alice, PLACE, is_proved=False)).reveal().decode()
    found = await sessions.find(token)
    assert found is not None
    assert (found.actor.name, found.actor.account, found.place) == ("alice@example.test", alice, PLACE)
    assert found.actor.stepped_up_at_ms is None
    await Roles(access).give(alice, Grant(AccessRole.AUDITOR), LOCAL_ROOT)
    found = await sessions.find(token)
    assert found is not None
    assert Grant(AccessRole.AUDITOR) in found.actor.grants


async def test_the_secret_has_256_bits_and_is_nowhere_in_the_store(world: World, access: AccessDeps) -> None:
    sessions, alice = Sessions(access), await world.account("alice")
    tokens = [(await sessions.begin(alice, PLACE, is_proved=True)).reveal().decode() for _ in range(3)]
    assert len({token.partition(".")[2] for token in tokens}) == 3
    assert all(len(token.partition(".")[2]) == 64 for token in tokens)
    for row in await world.store.read(sql.sessions(alice)):
        assert not any(token.partition(".")[2].encode() in row.session + row.record for token in tokens)
        assert b"192.0.2.1" not in row.record


@pytest.mark.parametrize(
    ("name", "idle_s", "whole_s"), [("alice", IDLE_S, WHOLE_S), ("admin", ADMIN_IDLE_S, ADMIN_WHOLE_S)]
)
async def test_it_ends_after_a_time_without_use_and_after_a_time_in_any_case(
    world: World, access: AccessDeps, name: str, idle_s: int, whole_s: int
) -> None:
    sessions, account = Sessions(access), await world.account(name)
    idle = (await sessions.begin(account, PLACE, is_proved=True)).reveal().decode()
    world.clock.advance(idle_s - 1)
    assert await sessions.find(idle)
    world.clock.advance(idle_s)
    assert await sessions.find(idle) is None
    used = (await sessions.begin(account, PLACE, is_proved=True)).reveal().decode()
    for _ in range(whole_s // (idle_s - 1)):
        world.clock.advance(idle_s - 1)
        assert await sessions.find(used)
    world.clock.advance(idle_s - 1)
    assert await sessions.find(used) is None
    assert await world.store.read(sql.sessions(account)) == []


async def test_use_is_written_once_a_minute(world: World, access: AccessDeps) -> None:
    sessions, alice = Sessions(access), await world.account("alice")
    token = (await sessions.begin(alice, PLACE, is_proved=True)).reveal().decode()
    before = len(world.store.commands)
    for _ in range(5):
        assert await sessions.find(token)
    assert len(world.store.commands) == before
    world.clock.advance(SEEN_EVERY_S)
    assert await sessions.find(token)
    assert len(world.store.commands) == before + 1


async def test_who_proves_himself_goes_on_under_another_secret(world: World, access: AccessDeps) -> None:
    sessions, alice = Sessions(access), await world.account("alice")
    old = (await sessions.begin(alice, PLACE, is_proved=False)).reveal().decode()
    found = await sessions.find(old)
    assert found is not None
    new = (await sessions.prove(found)).reveal().decode()
    assert await sessions.find(old) is None
    again = await sessions.find(new)
    assert again is not None
    assert again.actor.stepped_up_at_ms == world.clock.now_ms()
    with pytest.raises(PermanentError):
        await sessions.prove(found)


async def test_sessions_are_listed_and_ended(world: World, access: AccessDeps) -> None:
    sessions, alice, bob = Sessions(access), await world.account("alice"), await world.account("bob")
    tokens = [(await sessions.begin(alice, PLACE, is_proved=True)).reveal().decode() for _ in range(3)]
    other = (await sessions.begin(bob, PLACE, is_proved=True)).reveal().decode()
    first = (await sessions.list(alice))[0]
    assert (first.remote, first.agent) == ("192.0.2.1", "Firefox")
    bobs = (await sessions.list(bob))[0].id
    for wrong in (bobs, "zz", "00"):
        with pytest.raises(PermanentError):
            await sessions.end(alice, wrong)
    await sessions.end(alice, first.id)
    assert len(await sessions.list(alice)) == 2
    kept = await sessions.find(tokens[1]) or await sessions.find(tokens[0])
    assert kept is not None
    assert await sessions.end_all(alice, kept.key) == 1
    assert await sessions.find(other)


async def test_the_oldest_makes_room(world: World, access: AccessDeps) -> None:
    sessions, alice = Sessions(access), await world.account("alice")
    tokens = []
    for _ in range(SESSIONS_MAX + 1):
        tokens.append((await sessions.begin(alice, PLACE, is_proved=True)).reveal().decode())
        world.clock.advance(1)
    assert await sessions.find(tokens[0]) is None
    assert await sessions.find(tokens[1])


async def test_who_is_suspended_is_out(world: World, access: AccessDeps) -> None:
    sessions, alice = Sessions(access), await world.account("alice")
    token = (await sessions.begin(alice, PLACE, is_proved=True)).reveal().decode()
    await world.admin.accounts.suspend("alice@example.test", ACTOR)
    assert await sessions.find(token) is None


async def test_a_session_that_can_only_enrol_has_no_role_and_little_time(world: World, access: AccessDeps) -> None:
    sessions, admin = Sessions(access), await world.account("admin")
    token = (await sessions.begin(admin, Place("", "", is_enrolling=True), is_proved=False)).reveal().decode()
    found = await sessions.find(token)
    assert found is not None
    assert found.actor.grants == ()
    world.clock.advance(ENROL_S)
    assert await sessions.find(token) is None


@pytest.mark.parametrize("token", ["", "1", "1.", "0." + "a" * 64, "1." + "a" * 64, "9" * 19 + "." + "a" * 64, "1.a b"])
async def test_what_is_no_secret_of_a_session_is_nobody(access: AccessDeps, token: str) -> None:
    assert await Sessions(access).find(token) is None


async def test_what_nobody_shows_again_is_forgotten(world: World, access: AccessDeps) -> None:
    sessions, alice, bob = Sessions(access), await world.account("alice"), await world.account("bob")
    await sessions.begin(alice, PLACE, is_proved=True)
    world.clock.advance(WHOLE_S + 1)
    await sessions.begin(bob, PLACE, is_proved=True)
    assert await world.store.read(sql.sessions(alice)) == []
    assert len(await sessions.list(bob)) == 1
