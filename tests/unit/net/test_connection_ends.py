"""net/connection.py: deadlines, wake-ups, goodbyes; what ends a connection."""

import asyncio
import contextlib
import socket
import struct

import pytest

from skrytka.model.engine import DisconnectedError, TimedOut, Woken
from skrytka.model.errors import LocalProtocolError
from skrytka.model.events import BugCaught, SessionClosed
from skrytka.net import connection
from skrytka.net.connection import Connection
from skrytka.net.tls import TlsStore
from tests.unit.net.harness import End, Line, LineEngine, Run, make_store, serving


async def echo(conn: Connection) -> None:
    """Greets, repeats each line; ends at QUIT, end of file or deadline."""
    engine = LineEngine()
    await conn.send(b"hello\n")
    async for event in conn.events(engine):
        match event:
            case Line(b"QUIT"):
                await conn.send(engine.send(b"bye"))
                return
            case Line(text):
                await conn.send(engine.send(b"you said " + text))
            case TimedOut():
                await conn.send(b"too late\n")
                return
            case Woken():
                await conn.send(b"woken\n")
            case End():
                await conn.send(b"that was the end\n")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> TlsStore:
    return make_store(tmp_path_factory.mktemp("tls"))


def test_the_deadline_lets_the_session_say_goodbye(run: Run) -> None:
    async def main() -> None:
        async def session(conn: Connection) -> None:
            conn.deadline(60.0)
            await echo(conn)

        async with serving(session) as world:
            reader, writer = await world.connect()
            assert await reader.readline() == b"hello\n"
            world.late(59.0)
            writer.write(b"in time\n")
            assert await reader.readline() == b"you said in time\n"
            await world.until(lambda: all(conn._arrived.is_waited_at for conn in world.listener._connections))
            world.late(2.0)
            assert await reader.readline() == b"too late\n"
            writer.close()
            await world.until(lambda: world.recorder.of(SessionClosed))
            assert world.recorder.of(SessionClosed)[0].cause == "timeout"

    run(main())


def test_a_session_that_ignores_its_deadline_is_cut(run: Run) -> None:
    async def stubborn(conn: Connection) -> None:
        conn.deadline(60.0)
        async for _ in conn.events(LineEngine()):
            pass

    async def main() -> None:
        async with serving(stubborn) as world:
            _, writer = await world.connect()
            await world.until(lambda: any(conn._arrived.is_waited_at for conn in world.listener._connections))
            world.late(61.0)
            await world.until(lambda: any(conn._arrived.is_waited_at for conn in world.listener._connections))
            world.late(connection.GRACE_S + 1)
            await world.until(lambda: world.recorder.of(SessionClosed))
            writer.close()

    run(main())


def test_a_session_that_hangs_in_its_own_work_is_cancelled_in_the_end(run: Run) -> None:
    async def hanging(conn: Connection) -> None:
        conn.deadline(60.0)
        await asyncio.Event().wait()

    async def main() -> None:
        async with serving(hanging) as world:
            _, writer = await world.connect()
            await world.until(lambda: any(conn.owner for conn in world.listener._connections))
            await asyncio.sleep(0)
            world.late(61.0)
            assert not world.recorder.of(SessionClosed)
            world.late(connection.BUSY_MAX_S + 1)
            await world.until(lambda: world.recorder.of(SessionClosed))
            assert world.recorder.of(SessionClosed)[0].cause == "timeout"
            writer.close()

    run(main())


def test_a_peer_that_fails_its_handshake_and_stays_is_cut_soon(run: Run, store: TlsStore) -> None:
    async def main() -> None:
        async with serving(echo, tls=store, is_implicit_tls=True) as world:
            reader, writer = await world.connect()
            writer.write(b"GET / HTTP/1.1\r\n\r\n")
            await reader.read()  # the alert and the end of file; nothing follows, and the peer keeps its half open
            assert not world.recorder.of(SessionClosed)
            world.late(connection.LINGER_S + 1)
            await asyncio.wait_for(world.until(lambda: world.recorder.of(SessionClosed)), 5)
            writer.close()

    run(main())


def test_a_wake_reaches_a_session_that_waits_and_one_that_works(run: Run) -> None:
    conns: list[Connection] = []

    async def main() -> None:
        async def session(conn: Connection) -> None:
            conns.append(conn)
            conn.wake()
            await echo(conn)

        async with serving(session) as world:
            reader, writer = await world.connect()
            assert await reader.readexactly(12) == b"hello\nwoken\n"
            conns[0].wake()
            assert await reader.readline() == b"woken\n"
            writer.close()

    run(main())


def test_sending_to_a_lost_connection_is_told(run: Run) -> None:
    caught: list[BaseException] = []

    async def session(conn: Connection) -> None:
        await asyncio.shield(conn._lost)
        try:
            await conn.send(b"anybody there?")
        except DisconnectedError as exc:
            caught.append(exc)
            raise

    async def main() -> None:
        async with serving(session) as world:
            _, writer = await world.connect()
            await world.until(lambda: len(world.listener))
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()  # a reset, since it lingers for 0 s
            await world.until(lambda: world.recorder.of(SessionClosed))
            assert caught
            assert not world.recorder.of(BugCaught)

    run(main())


def test_asking_for_the_next_event_before_answering_is_a_bug_of_the_session(run: Run) -> None:
    async def rude(conn: Connection) -> None:
        async for _ in conn.events(LineEngine()):
            pass

    async def main() -> None:
        async with serving(rude) as world:
            reader, writer = await world.connect()
            writer.write(b"line\n")
            assert await reader.read() == b""
            assert [bug.error for bug in world.recorder.of(BugCaught)] == [LocalProtocolError.__name__]
            writer.close()

    run(main())


def test_tls_cannot_be_started_without_certificates(run: Run) -> None:
    async def start_tls(conn: Connection) -> None:
        await conn.upgrade_tls()

    async def main() -> None:
        async with serving(start_tls) as world:
            reader, writer = await world.connect()
            await reader.read()
            assert [bug.error for bug in world.recorder.of(BugCaught)] == [LocalProtocolError.__name__]
            writer.close()

    run(main())


def test_last_words_arrive_although_input_was_left_unread(run: Run) -> None:
    async def refuse(conn: Connection) -> None:
        await conn.send(b"go away\n")

    async def main() -> None:
        async with serving(refuse) as world:
            reader, writer = await world.connect()
            writer.write(b"z" * 300_000)
            assert await reader.read() == b"go away\n"
            writer.close()

    run(main())


def test_a_peer_that_lingers_is_cut(run: Run) -> None:
    async def refuse(conn: Connection) -> None:
        await conn.send(b"go away\n")

    async def main() -> None:
        async with serving(refuse) as world:
            reader, writer = await world.connect()
            assert await reader.read() == b"go away\n"
            assert len(world.listener) == 1
            world.late(connection.LINGER_S + 1)
            await world.until(lambda: not len(world.listener))
            writer.close()

    run(main())


def test_a_peer_that_goes_on_sending_after_goodbye_is_cut(run: Run) -> None:
    async def refuse(conn: Connection) -> None:
        await conn.send(b"go away\n")

    async def main() -> None:
        async with serving(refuse) as world:
            reader, writer = await world.connect()
            assert await reader.read() == b"go away\n"
            with contextlib.suppress(ConnectionError):
                for _ in range(2 * connection.LINGER_BYTES // 65536 + 50):
                    writer.write(b"z" * 65536)
                    await writer.drain()
            await world.until(lambda: not len(world.listener))
            writer.close()

    run(main())
