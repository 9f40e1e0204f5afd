"""mail/identity/turns.py."""

import asyncio
import contextlib

from skrytka.mail.identity.turns import Turns


async def test_those_of_one_key_come_one_after_the_other_and_others_beside_them() -> None:
    turns = Turns()
    running: list[str] = []
    seen: list[str] = []
    most = 0

    async def work(name: str, *keys: str) -> None:
        nonlocal most
        async with turns.of(*keys):
            assert not any(set(keys) & set(other.split()) for other in running)
            running.append(" ".join(keys))
            most = max(most, len(running))
            for _ in range(3):
                await asyncio.sleep(0)
            running.remove(" ".join(keys))
            seen.append(name)

    await asyncio.gather(
        *(work(f"a{n}", "a", "x") for n in range(3)), *(work(f"b{n}", "b") for n in range(2)), work("c", "c", "x")
    )
    assert [name for name in seen if name[0] == "a"] == ["a0", "a1", "a2"]
    assert most == 2
    assert len(turns) == 0


async def test_who_gives_up_waiting_leaves_nothing() -> None:
    turns = Turns()

    async def wait() -> None:
        async with turns.of("a", "b"):
            raise AssertionError("came in")

    async with turns.of("a"):
        waiting = asyncio.ensure_future(wait())
        await asyncio.sleep(0)
        waiting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await waiting
        assert len(turns) == 1
    assert len(turns) == 0
    async with turns.of("b", "a"):
        assert len(turns) == 2


async def test_without_keys_nobody_waits() -> None:
    async with Turns().of():
        pass
