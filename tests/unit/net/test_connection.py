import asyncio
import contextlib
import socket
import ssl

import pytest

from skrytka.model.engine import TimedOut, Woken
from skrytka.model.events import BugCaught, SessionClosed
from skrytka.net import connection
from skrytka.net.connection import Connection
from skrytka.net.facts import Networks, describe
from skrytka.net.tls import TlsStore
from skrytka.net.tls_pipe import TlsPipe
from tests.unit.net.harness import End, Line, LineEngine, Run, World, client_context, make_store, serving


async def echo(conn: Connection) -> None:
    """Greets, repeats each line; STARTTLS starts TLS; ends at QUIT, end of file or deadline."""
    engine = LineEngine()
    await conn.send(b"hello\n")
    async for event in conn.events(engine):
        match event:
            case Line(b"STARTTLS"):
                await conn.send(engine.send(b"go"))
                engine.tls_started(await conn.upgrade_tls())
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


def test_pipelined_lines_are_answered_in_one_packet(run: Run) -> None:
    async def main() -> None:
        async with serving(echo) as world:
            with socket.create_connection(("127.0.0.1", world.port)) as sock:
                sock.setblocking(False)
                loop = asyncio.get_running_loop()
                assert await loop.sock_recv(sock, 100) == b"hello\n"
                await loop.sock_sendall(sock, b"a\nb\nc\n")
                assert await loop.sock_recv(sock, 1000) == b"you said a\nyou said b\nyou said c\n"

    run(main())


def test_a_peer_that_ends_its_half_still_gets_all_replies(run: Run) -> None:
    async def main() -> None:
        async with serving(echo) as world:
            reader, writer = await world.connect()
            writer.write(b"one\ntwo\n")
            writer.write_eof()
            assert await reader.read() == b"hello\nyou said one\nyou said two\nthat was the end\n"
            writer.close()
            await world.until(lambda: world.recorder.of(SessionClosed))
            assert world.recorder.of(SessionClosed)[0].cause == "eof"

    run(main())


class TlsClient:
    """A client whose every byte on the wire is decided by the test."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.pipe = TlsPipe(client_context(), is_server=False, server_hostname="localhost")
        self.is_ended = False

    async def handshake(self, behind: bytes = b"") -> None:
        """``behind`` goes out encrypted in the packet of the last handshake message."""
        self.pipe.handshake(b"")
        self.writer.write(self.pipe.output())
        while not self.pipe.is_established:
            if not (data := await self.reader.read(65536)):
                raise ssl.SSLError("cut")
            self.pipe.handshake(data)
        self.writer.write(self.pipe.output() + (self.pipe.encrypt(behind) if behind else b""))

    async def read(self) -> bytes:
        """The next plaintext; ``b""`` at close_notify; ssl.SSLError when the stream was cut instead."""
        plain = b""
        while not plain and not self.is_ended:
            data = await self.reader.read(65536)
            if not data:
                raise ssl.SSLError("cut")
            plain, self.is_ended = self.pipe.decrypt(data)
        return plain

    def write(self, data: bytes) -> None:
        self.writer.write(self.pipe.encrypt(data))


def test_starttls_drops_what_stood_behind_it_in_the_same_packet(run: Run, store: TlsStore) -> None:
    async def main() -> None:
        async with serving(echo, tls=store) as world:
            reader, writer = await world.connect()
            writer.write(b"STARTTLS\ninjected\nINJECTED AGAIN\n")
            assert await reader.readexactly(9) == b"hello\ngo\n"
            client = TlsClient(reader, writer)
            await client.handshake()
            client.write(b"first\n")
            assert await client.read() == b"you said first\n"
            writer.close()

    run(main())


def test_starttls_drops_what_arrived_before_its_reply_left(run: Run, store: TlsStore) -> None:
    async def main() -> None:
        async def slow(conn: Connection) -> None:
            engine = LineEngine()
            async for event in conn.events(engine):
                if event == Line(b"STARTTLS"):
                    await world.until(lambda: conn._input)  # the next packet comes while we think
                    await conn.send(engine.send(b"go"))
                    engine.tls_started(await conn.upgrade_tls())
                elif isinstance(event, Line):
                    await conn.send(engine.send(b"you said " + event.text))

        async with serving(slow, tls=store) as world:
            reader, writer = await world.connect()
            writer.write(b"STARTTLS\n")
            await world.until(lambda: len(world.listener))
            await asyncio.sleep(0.01)
            writer.write(b"injected\n")
            assert await reader.readexactly(3) == b"go\n"
            client = TlsClient(reader, writer)
            await client.handshake(behind=b"first\n")
            assert await client.read() == b"you said first\n"
            writer.close()

    run(main())


def test_clear_text_behind_the_reply_to_starttls_ends_the_connection(run: Run, store: TlsStore) -> None:
    async def main() -> None:
        async with serving(echo, tls=store) as world:
            reader, writer = await world.connect()
            writer.write(b"STARTTLS\n")
            assert await reader.readexactly(9) == b"hello\ngo\n"
            writer.write(b"injected\n")
            assert b"said" not in await reader.read()
            writer.close()
            await world.until(lambda: world.recorder.of(SessionClosed))
            assert world.recorder.of(SessionClosed)[0].cause == "error"

    run(main())


def test_data_in_the_packet_of_the_last_handshake_message_is_not_lost(run: Run, store: TlsStore) -> None:
    async def main() -> None:
        async with serving(echo, tls=store) as world:
            reader, writer = await world.connect()
            writer.write(b"STARTTLS\n")
            await reader.readexactly(9)
            client = TlsClient(reader, writer)
            await client.handshake(behind=b"at once\n")
            assert await client.read() == b"you said at once\n"
            writer.close()

    run(main())


def test_a_connection_can_be_the_client_too(run: Run, store: TlsStore) -> None:
    async def main() -> None:
        async with serving(echo, tls=store) as world:
            loop = asyncio.get_running_loop()
            facts = describe("client", ("127.0.0.1", world.port), ("127.0.0.1", 0), Networks(()))
            sweeper = world.around.sweeper
            _, conn = await loop.create_connection(lambda: Connection(facts, sweeper), "127.0.0.1", world.port)
            engine, seen = LineEngine(), []
            await conn.send(b"STARTTLS\n")
            async for event in conn.events(engine):
                if not isinstance(event, Line):
                    break
                seen.append(event.text)
                engine.send(b"")  # a client answers nothing
                if event.text == b"go":
                    pipe = TlsPipe(client_context(), is_server=False, server_hostname="localhost")
                    engine.tls_started(await conn.start_tls(pipe))
                    await conn.send(b"hidden\nQUIT\n")
            await conn.close()
            assert seen == [b"hello", b"go", b"you said hidden", b"bye"]
            assert conn.tls is not None
            assert conn.tls.version == "TLSv1.3"

    run(main())


def test_a_handshake_byte_by_byte_is_as_good_as_whole(run: Run, store: TlsStore) -> None:
    async def main() -> None:
        async with serving(echo, tls=store, is_implicit_tls=True) as world:
            client = TlsClient(*await world.connect())
            client.pipe.handshake(b"")
            for byte in client.pipe.output():
                client.writer.write(bytes([byte]))
                await asyncio.sleep(0)
            await client.handshake(behind=b"x\n")
            received = b""
            while not received.endswith(b"said x\n"):
                received += await client.read()
            assert received == b"hello\nyou said x\n"
            client.writer.close()

    run(main())


def test_a_session_under_tls_ends_with_close_notify(run: Run, store: TlsStore) -> None:
    async def main() -> None:
        async with serving(echo, tls=store, is_implicit_tls=True) as world:
            client = TlsClient(*await world.connect())
            await client.handshake()
            client.write(b"QUIT\n")
            received = b""
            while chunk := await client.read():
                received += chunk
            assert received == b"hello\nbye\n"
            client.writer.close()
            await world.until(lambda: world.recorder.of(SessionClosed))
            closed = world.recorder.of(SessionClosed)[0]
            assert closed.cause == "quit"
            assert closed.tls.startswith("TLSv1.3 TLS_")

    run(main())


@pytest.mark.parametrize("first_bytes", [b"EHLO client.example\r\n", b"GET / HTTP/1.1\r\n\r\n", bytes(range(256)) * 20])
def test_what_is_no_tls_on_a_tls_port_is_closed_and_is_no_bug(run: Run, store: TlsStore, first_bytes: bytes) -> None:
    async def main() -> None:
        async with serving(echo, tls=store, is_implicit_tls=True) as world:
            reader, writer = await world.connect()
            writer.write(first_bytes)
            assert b"hello" not in await reader.read()
            writer.close()
            await world.until(lambda: world.recorder.of(SessionClosed))
            assert world.recorder.of(SessionClosed)[0].cause == "error"
            assert not world.recorder.of(BugCaught)

    run(main())


def test_garbage_in_the_packet_that_ends_the_handshake_is_the_peers_fault(run: Run, store: TlsStore) -> None:
    async def main() -> None:
        async with serving(echo, tls=store, is_implicit_tls=True) as world:
            client = TlsClient(*await world.connect())
            client.pipe.handshake(b"")
            client.writer.write(client.pipe.output())
            while not client.pipe.is_established:
                client.pipe.handshake(await client.reader.read(65536))
            client.writer.write(client.pipe.output() + b"QUIT\n" * 10)
            await client.reader.read()
            client.writer.close()
            await world.until(lambda: world.recorder.of(SessionClosed))
            closed = world.recorder.of(SessionClosed)[0]
            assert (closed.cause, closed.tls[:7]) == ("error", "TLSv1.3")
            assert not world.recorder.of(BugCaught)

    run(main())


def test_a_changed_byte_under_tls_ends_the_connection(run: Run, store: TlsStore) -> None:
    async def main() -> None:
        async with serving(echo, tls=store, is_implicit_tls=True) as world:
            client = TlsClient(*await world.connect())
            await client.handshake()
            assert await client.read() == b"hello\n"
            record = bytearray(client.pipe.encrypt(b"QUIT\n"))
            record[-1] ^= 1
            client.writer.write(record)
            with pytest.raises(ssl.SSLError):
                await client.read()
            client.writer.close()
            await world.until(lambda: world.recorder.of(SessionClosed))
            assert world.recorder.of(SessionClosed)[0].cause == "error"
            assert not world.recorder.of(BugCaught)

    run(main())


def test_a_peer_that_leaves_during_the_handshake_ends_the_session(run: Run, store: TlsStore) -> None:
    async def main() -> None:
        async with serving(echo, tls=store, is_implicit_tls=True) as world:
            _, writer = await world.connect()
            pipe = TlsPipe(client_context(), is_server=False)
            pipe.handshake(b"")
            writer.write(pipe.output()[:100])
            await world.until(lambda: len(world.listener))
            writer.transport.abort()
            await world.until(lambda: world.recorder.of(SessionClosed))
            assert world.recorder.of(SessionClosed)[0].cause == "eof"

    run(main())


def test_a_handshake_that_takes_too_long_is_cut(run: Run, store: TlsStore) -> None:
    async def main() -> None:
        async with serving(echo, tls=store, is_implicit_tls=True) as world:
            reader, writer = await world.connect()
            await world.until(lambda: len(world.listener))
            world.late(connection.HANDSHAKE_S + 1)
            with contextlib.suppress(ConnectionResetError):  # or the end of file, as the kernel likes
                assert await reader.read() == b""
            writer.close()
            await world.until(lambda: world.recorder.of(SessionClosed))
            assert world.recorder.of(SessionClosed)[0].cause == "timeout"

    run(main())


BIG = 8 * 1024 * 1024


@pytest.mark.parametrize("is_tls", [False, True])
def test_a_peer_that_does_not_read_holds_the_session_and_not_our_memory(
    run: Run, store: TlsStore, is_tls: bool
) -> None:
    sent: list[int] = []
    seen: list[int] = []

    async def flood(conn: Connection) -> None:
        seen.append(0)
        for _ in range(BIG // 65536):
            await conn.send(b"x" * 65536)
            sent.append(65536)
            seen[0] = max(seen[0], conn._transport.get_write_buffer_size())

    async def main() -> None:
        async with serving(flood, tls=store, is_implicit_tls=is_tls) as world:
            sock = socket.create_connection(("127.0.0.1", world.port))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            reader, writer = await asyncio.open_connection(sock=sock, limit=4096)
            client = TlsClient(reader, writer)
            if is_tls:
                await client.handshake()
            await world.until(lambda: _is_stuck(world))
            assert sum(sent) < BIG
            assert seen[0] < 512 * 1024
            received = 0
            while received < BIG:
                received += len(await client.read() if is_tls else await reader.read(65536))
            writer.close()

    run(main())


def _is_stuck(world: World) -> bool:
    return any(conn._drained.is_waited_at for conn in world.listener._connections)


def test_a_peer_that_never_reads_is_cut_at_the_write_deadline(run: Run) -> None:
    async def flood(conn: Connection) -> None:
        conn.deadline(1e6)
        await conn.send(b"x" * 64 * 1024 * 1024)

    async def main() -> None:
        async with serving(flood) as world:
            _, writer = await world.connect(limit=4096)
            await world.until(lambda: _is_stuck(world))
            world.late(connection.WRITE_STALL_S + 1)
            await world.until(lambda: world.recorder.of(SessionClosed))
            assert world.recorder.of(SessionClosed)[0].cause == "timeout"
            writer.close()

    run(main())


def test_a_large_answer_leaves_the_loop_to_others(run: Run, store: TlsStore) -> None:
    async def big(conn: Connection) -> None:
        await conn.send(b"y" * BIG)

    async def main() -> None:
        async with serving(big, tls=store, is_implicit_tls=True) as world:
            client = TlsClient(*await world.connect())
            await client.handshake()
            turns = received = 0
            while received < BIG:
                received += len(await client.read())
                turns += 1
            assert turns > BIG // connection.WRITE_HIGH_BYTES / 4
            client.writer.close()

    run(main())
