import asyncio

import pytest

from skrytka.net.beside import beside


async def _after(turns: int, result: object) -> object:
    for _ in range(turns):
        await asyncio.sleep(0)
    if isinstance(result, Exception):
        raise result
    return result


async def test_both_results_come_back_whichever_is_first() -> None:
    assert await beside(_after(1, "a"), _after(5, "b")) == ("a", "b")
    assert await beside(_after(5, "a"), _after(1, "b")) == ("a", "b")


async def test_what_is_raised_comes_when_both_have_ended() -> None:
    done = []

    async def second() -> None:
        await _after(5, None)
        done.append(True)

    with pytest.raises(ZeroDivisionError):
        await beside(_after(1, ZeroDivisionError()), second())
    assert done == [True]
    with pytest.raises(ZeroDivisionError):
        await beside(_after(1, None), _after(1, ZeroDivisionError()))


async def test_whoever_is_cancelled_ends_both() -> None:
    ended = []

    async def hangs() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(beside(hangs(), hangs()))
        await _after(3, None)
        task.cancel()
    assert ended == [True, True]
