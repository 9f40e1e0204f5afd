import asyncio
import contextlib
from typing import Any

import pytest

from skrytka.mail.identity import last_use
from skrytka.mail.identity.app_passwords import AppUse
from skrytka.model.errors import Reason, TransientError
from skrytka.model.secret import Secret
from skrytka.store.commands import Command, UsedAppPasswords
from skrytka.store.sql import app_passwords as sql
from tests.unit.mail.identity.programs_world import ALICE, Programs
from tests.unit.mail.support import PeerFacts
from tests.unit.mail.world import World


async def used(world: World) -> list[tuple[int, AppUse | None]]:
    keys = await Programs(world).apps.keys()
    rows = await world.store.read(sql.after(await world.account("alice"), 0, 10))
    return [(row.used_at_ms, keys.open_use(row)) for row in rows]


async def test_uses_are_written_together_and_not_at_the_login(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Programs(world)
    typed = [await made.add(called=name) for name in ("phone", "tablet")]
    written: list[int] = []
    submit = world.store.submit

    async def counting(command: Command[Any]) -> object:
        assert isinstance(command, UsedAppPasswords)
        written.append(len(command.uses))
        return await submit(command)  # type: ignore[arg-type]

    monkeypatch.setattr(world.store, "submit", counting)
    for each in typed * 3:
        await made.identity.login(str(ALICE), Secret(each), PeerFacts(), "PLAIN")
    assert written == []
    await made.uses.flush()
    await made.uses.flush()
    assert written == [2]
    assert await used(world) == [(world.clock.now_ms(), AppUse("192.0.2.7", "imaps"))] * 2


async def test_what_cannot_be_written_waits(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Programs(world)
    typed = await made.add()
    await made.identity.login(str(ALICE), Secret(typed), PeerFacts(), "PLAIN")
    submit = world.store.submit

    async def busy(_command: object) -> object:
        raise TransientError(Reason.STORE_BUSY)

    monkeypatch.setattr(world.store, "submit", busy)
    await made.uses.flush()
    monkeypatch.setattr(world.store, "submit", submit)
    assert (await used(world))[0][0] == 0
    await made.uses.flush()
    assert (await used(world))[0][0] == world.clock.now_ms()


async def test_the_last_ones_are_written_at_the_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(last_use, "NOTED_MAX", 1)
    made = Programs(world)
    typed = [await made.add(called=name) for name in ("phone", "tablet")]
    running = asyncio.ensure_future(made.uses.run())
    await asyncio.sleep(0)
    for each in typed:
        await made.identity.login(str(ALICE), Secret(each), PeerFacts(), "PLAIN")
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    assert [at_ms > 0 for at_ms, _ in await used(world)] == [False, True]  # one more than there was room for
