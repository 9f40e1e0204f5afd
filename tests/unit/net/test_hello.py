import asyncio
from pathlib import Path

from skrytka.model.events import SessionClosed
from skrytka.net.connection import Connection
from skrytka.net.hello import read_hello
from skrytka.net.tls import TlsStore
from tests.unit.net.harness import Run, client_context, make_store, serving


def test_the_handshake_follows_as_if_nobody_had_looked(run: Run, tmp_path: Path) -> None:
    async def session(conn: Connection) -> None:
        hello = await read_hello(conn)
        await conn.upgrade_tls()
        await conn.send(hello.server_name.encode())

    async def main(store: TlsStore) -> None:
        async with serving(session, tls=store) as world:
            reader, writer = await world.connect(ssl=client_context(), server_hostname="a.test")
            assert await reader.read() == b"a.test"
            writer.close()

    run(main(make_store(tmp_path)))


def test_who_leaves_or_says_nothing_ends_the_session(run: Run) -> None:
    async def session(conn: Connection) -> None:
        conn.deadline(5)
        await read_hello(conn)

    async def main() -> None:
        async with serving(session) as world:
            _reader, writer = await world.connect()
            writer.write(b"\x16\x03")
            writer.close()
            await world.until(lambda: world.recorder.of(SessionClosed))
            reader, writer = await world.connect()
            writer.write(b"\x16")
            await asyncio.sleep(0.05)
            world.late(6)
            assert await reader.read() == b""
            writer.close()
            await world.until(lambda: len(world.recorder.of(SessionClosed)) == 2)
            assert {one.cause for one in world.recorder.of(SessionClosed)} <= {"eof", "timeout"}

    run(main())
