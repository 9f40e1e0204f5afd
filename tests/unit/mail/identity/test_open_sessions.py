import asyncio
import contextlib

import pytest

from skrytka.mail.identity import open_sessions
from skrytka.mail.identity.open_sessions import OpenSessions
from skrytka.model.errors import Reason, TransientError
from skrytka.model.ids import AccountId
from skrytka.store.statement import Query
from tests.unit.mail.identity.programs_world import Programs
from tests.unit.mail.world import ACTOR, World


async def open_ones(world: World) -> tuple[OpenSessions, list[str]]:
    sessions, woken = OpenSessions(world.store), []
    for name in ("alice", "bob"):
        sessions.add(await world.account(name), lambda name=name: woken.append(name))  # type: ignore[misc]
    await world.admin.domains.add("first.test", ACTOR)  # the first change of all wakes everybody, to be sure
    await asyncio.sleep(0)
    await sessions.look()
    assert sorted(woken) == ["alice", "bob"]
    woken.clear()
    return sessions, woken


async def test_only_sessions_of_whom_a_change_is_about_wake(world: World) -> None:
    sessions, woken = await open_ones(world)
    await world.admin.domains.add("example.org", ACTOR)
    await world.admin.aliases.add("al@example.test", ["alice@example.test"], ACTOR)
    await sessions.look()
    assert woken == []
    await world.admin.accounts.suspend("bob@example.test", ACTOR)
    await sessions.look()
    assert woken == ["bob"]
    await Programs(world).add("alice")
    await sessions.look()
    await sessions.look()
    assert woken == ["bob", "alice"]


async def test_when_it_cannot_be_told_all_wake(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    sessions, woken = await open_ones(world)
    sessions._on_change(0)  # type: ignore[arg-type]
    await sessions.look()
    assert sorted(woken) == ["alice", "bob"]
    monkeypatch.setattr(open_sessions, "ROWS_MAX", 1)
    await world.admin.domains.add("example.org", ACTOR)
    await asyncio.sleep(0)
    await sessions.look()
    assert sorted(woken) == ["alice", "alice", "bob", "bob"]


async def test_a_session_that_has_ended_is_forgotten(world: World) -> None:
    sessions, woken = OpenSessions(world.store), []
    one = sessions.add(AccountId(7), lambda: woken.append(1))
    other = sessions.add(AccountId(7), lambda: woken.append(2))
    one()
    one()
    sessions._on_change(0)  # type: ignore[arg-type]
    await sessions.look()
    assert woken == [2]
    other()
    assert len(sessions) == 0
    await sessions.look()


async def test_a_store_without_time_is_asked_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_sessions, "AGAIN_S", 0)
    sessions, _ = await open_ones(world)
    heard = asyncio.Event()
    sessions.add(await world.account("bob"), heard.set)
    read, failures = world.store.read, [TransientError(Reason.STORE_BUSY)]

    async def busy(query: Query[object]) -> object:
        if failures:
            raise failures.pop()
        return await read(query)

    await world.admin.accounts.suspend("bob@example.test", ACTOR)
    monkeypatch.setattr(world.store, "read", busy)
    running = asyncio.ensure_future(sessions.run())
    await heard.wait()
    assert failures == []
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
