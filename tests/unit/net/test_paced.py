import asyncio

from skrytka.net.connection import Connection
from skrytka.net.paced import INPUT_HIGH_BYTES
from tests.unit.net.harness import Line, LineEngine, Run, World, serving

BIG = 8 * 1024 * 1024


def test_a_session_that_does_not_read_stops_its_peer(run: Run) -> None:
    gate = asyncio.Event()

    async def lazy(conn: Connection) -> None:
        await gate.wait()
        engine = LineEngine()
        async for event in conn.events(engine):
            if isinstance(event, Line):
                await conn.send(engine.send(str(len(event.text)).encode()))

    async def main() -> None:
        async with serving(lazy) as world:
            reader, writer = await world.connect()
            writer.write(b"x" * BIG + b"\n")
            await world.until(lambda: _held(world) > INPUT_HIGH_BYTES)
            assert _held(world) <= INPUT_HIGH_BYTES + 65536
            gate.set()
            assert await reader.readline() == f"{BIG}\n".encode()
            writer.close()

    run(main())


def _held(world: World) -> int:
    return max((len(conn._input) for conn in world.listener._connections), default=0)


async def greet(conn: Connection) -> None:
    await conn.send(b"hello\n")
    async for _ in conn.events(LineEngine()):
        pass


def test_idle_connections_share_one_read_buffer(run: Run) -> None:
    async def main() -> None:
        async with serving(greet) as world:
            pairs = [await world.connect() for _ in range(3)]
            for reader, _ in pairs:
                await reader.readline()
            buffers = {id(conn.get_buffer(0)) for conn in world.listener._connections}
            assert buffers == {id(world.around.sweeper.read_buffer)}
            assert len(world.around.sweeper) == 3
            for _, writer in pairs:
                writer.close()

    run(main())
