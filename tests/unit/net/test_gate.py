"""net/gate.py: one task waits, another lets it through."""

import asyncio

import pytest

from skrytka.net.gate import Gate


def test_who_waits_goes_on_when_the_gate_is_opened() -> None:
    async def main() -> None:
        gate = Gate()
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(gate.wait())
            await asyncio.sleep(0)
            assert gate.is_waited_at
            gate.open()
            gate.open()
            await waiting
        assert not gate.is_waited_at

    asyncio.run(main())


def test_who_waits_gets_the_error_and_the_gate_serves_again() -> None:
    async def main() -> None:
        gate = Gate()
        async with asyncio.TaskGroup() as group:
            group.create_task(expect(gate, OSError))
            await asyncio.sleep(0)
            gate.fail(OSError())
            gate.open()
        gate.open()  # nobody waits: the next one is not let through by it
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(gate.wait())
            await asyncio.sleep(0)
            assert not waiting.done()
            gate.open()

    asyncio.run(main())


def test_a_wait_that_is_cancelled_leaves_the_gate_free() -> None:
    async def main() -> None:
        gate = Gate()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(gate.wait(), 0.01)
        assert not gate.is_waited_at

    asyncio.run(main())


async def expect(gate: Gate, error: type[Exception]) -> None:
    with pytest.raises(error):
        await gate.wait()
