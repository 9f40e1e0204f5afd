import asyncio
import errno
import socket

import pytest

from skrytka.model.engine import TimedOut, Woken
from skrytka.model.errors import Reason, TransientError
from skrytka.model.events import BugCaught, FaultRaised, SessionClosed, SessionOpened
from skrytka.model.limits import ConnectionLimits
from skrytka.net import listener as listener_module
from skrytka.net.connection import Connection
from skrytka.net.limits import Cap, LocalLimits
from tests.unit.net.harness import End, Line, LineEngine, Run, World, serving


async def wait(conn: Connection) -> None:
    """Greets and waits until the peer goes or the process drains."""
    engine = LineEngine()
    await conn.send(b"hello\n")
    async for event in conn.events(engine):
        match event:
            case Woken() if conn.is_draining:
                await conn.send(b"restarting\n")
                return
            case Line():
                await conn.send(engine.send(b"ok"))
            case Woken() | TimedOut() | End():
                pass


def test_a_session_is_recorded_from_beginning_to_end_under_one_trace(run: Run) -> None:
    async def session(conn: Connection) -> None:
        conn.messages, conn.errors = 3, 1

    async def main() -> None:
        async with serving(session) as world:
            reader, writer = await world.connect()
            await reader.read()
            writer.close()
            await world.until(lambda: world.recorder.of(SessionClosed))
            (opened,), (closed,) = world.recorder.of(SessionOpened), world.recorder.of(SessionClosed)
            assert (opened.service, opened.remote, opened.local_port) == ("test", "127.0.0.1", world.port)
            assert (closed.cause, closed.messages, closed.errors, closed.tls) == ("quit", 3, 1, "")
            assert opened.trace == closed.trace
            assert opened.trace is not None

    run(main())


def test_a_bug_in_one_session_is_recorded_and_leaves_the_others_alone(run: Run) -> None:
    async def session(conn: Connection) -> None:
        engine = LineEngine()
        async for event in conn.events(engine):
            if isinstance(event, Line):
                await conn.send(engine.send(str(1 // len(event.text)).encode()))

    async def main() -> None:
        async with serving(session) as world:
            bad_reader, bad = await world.connect()
            reader, writer = await world.connect()
            bad.write(b"\n")
            assert await bad_reader.read() == b""
            writer.write(b"x\n")
            assert await reader.readline() == b"1\n"
            (bug,) = world.recorder.of(BugCaught)
            assert bug.error == "ZeroDivisionError"
            bad.close()
            writer.close()

    run(main())


def test_an_error_of_ours_ends_the_session_and_is_told_as_a_fault(run: Run) -> None:
    async def session(_conn: Connection) -> None:
        raise TransientError(Reason.STORE_DOWN, "for the test")

    async def main() -> None:
        async with serving(session) as world:
            reader, writer = await world.connect()
            assert await reader.read() == b""
            (fault,) = world.recorder.of(FaultRaised)
            assert (fault.fault, fault.detail) == ("F-session", "store_down: for the test")
            writer.close()

    run(main())


@pytest.mark.parametrize(
    ("caps", "exempt", "accepted"),
    [
        (ConnectionLimits(per_address=2), (), 2),
        (ConnectionLimits(per_network=3), (), 3),
        (ConnectionLimits(total=4), (), 4),
        (ConnectionLimits(per_address=2, per_network=2), ("127.0.0.1",), 5),
        (ConnectionLimits(total=4), ("127.0.0.0/8",), 4),
        (ConnectionLimits(total=0, per_address=0, per_network=0), (), 5),
    ],
)
def test_connections_beyond_a_cap_are_refused_with_a_line(
    run: Run, caps: ConnectionLimits, exempt: tuple[str, ...], accepted: int
) -> None:
    async def main() -> None:
        async with serving(wait, caps=caps, exempt=exempt, refusal=b"too many\n") as world:
            pairs = [await world.connect() for _ in range(5)]
            lines = [await reader.readline() for reader, _ in pairs]
            assert lines.count(b"hello\n") == accepted
            assert lines.count(b"too many\n") == 5 - accepted
            refused = [event for event in world.recorder.of(SessionClosed) if event.cause == "refused"]
            assert len(refused) == 5 - accepted
            for _, writer in pairs:
                writer.close()

    run(main())


def test_a_connection_that_ended_makes_room(run: Run) -> None:
    async def main() -> None:
        async with serving(wait, caps=ConnectionLimits(per_address=1), refusal=b"too many\n") as world:
            for _ in range(3):
                reader, writer = await world.connect()
                assert await reader.readline() == b"hello\n"
                writer.close()
                await world.until(lambda: len(world.listener) == 0)

    run(main())


def test_a_flood_of_refusals_is_no_flood_of_events(run: Run) -> None:
    async def main() -> None:
        async with serving(wait, caps=ConnectionLimits(per_address=1)) as world:
            pairs = [await world.connect() for _ in range(40)]
            for reader, _ in pairs[1:]:
                await reader.read()
            assert len(world.recorder.of(SessionClosed)) == listener_module.REFUSALS_LOGGED_PER_S
            for _, writer in pairs:
                writer.close()

    run(main())


def test_without_the_supervisor_the_process_counts_by_itself(run: Run) -> None:
    class Away(LocalLimits):
        def __init__(self) -> None:
            pass

        async def acquire(self, caps: tuple[Cap, ...]) -> Cap | None:
            raise TransientError(Reason.SHUTTING_DOWN)

    async def main() -> None:
        async with serving(wait, caps=ConnectionLimits(per_address=1), refusal=b"no\n", limits=Away()) as world:
            pairs = [await world.connect() for _ in range(2)]
            assert sorted([await reader.readline() for reader, _ in pairs]) == [b"hello\n", b"no\n"]
            assert world.recorder.of(FaultRaised)[0].fault == "F-limits"
            for _, writer in pairs:
                writer.close()

    run(main())


def test_drain_tells_the_sessions_and_accepts_no_more(run: Run) -> None:
    async def main() -> None:
        async with serving(wait) as world:
            reader, writer = await world.connect()
            assert await reader.readline() == b"hello\n"
            port = world.port
            world.listener.stop(60.0)
            assert await reader.read() == b"restarting\n"
            writer.close()
            assert world.listener._sock.fileno() < 0  # at once, not when the last session has ended
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection("127.0.0.1", port)
            await world.until(lambda: bool(world.recorder.of(SessionClosed)))
            assert world.recorder.of(SessionClosed)[0].cause == "drain"

    run(main())


async def deaf(conn: Connection) -> None:
    """Does not care for drain, and swallows the loss of its connection."""
    await asyncio.Event().wait()


def test_drain_cuts_what_is_still_there_in_the_end(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener_module, "CANCEL_AFTER_CUT_S", 0.0)

    async def main() -> None:
        async with serving(deaf) as world:
            _, writer = await world.connect()
            await world.until(lambda: len(world.listener))
            world.listener.stop(0.0)
            await world.until(lambda: world.recorder.of(SessionClosed))
            assert world.recorder.of(SessionClosed)[0].cause == "drain"
            writer.close()

    run(main())


class Starved:
    """A listening socket whose accept() fails as a process without descriptors sees it."""

    def __init__(self, sock: socket.socket, code: int) -> None:
        self._sock = sock
        self._code = code
        self.is_starved = True
        self.tries = 0

    def accept(self) -> tuple[socket.socket, tuple[str, int]]:
        self.tries += 1
        if self.is_starved:
            raise OSError(self._code, "no")
        sock, address = self._sock.accept()
        return sock, address

    def __getattr__(self, name: str) -> object:
        return getattr(self._sock, name)


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS])
def test_without_descriptors_accepting_pauses_and_the_fault_is_raised_once(
    run: Run, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    monkeypatch.setattr(listener_module, "ACCEPT_PAUSE_S", 0.01)

    async def main() -> None:
        async with serving(wait) as world:
            starved = Starved(world.listener._sock, code)
            world.listener._sock = starved  # type: ignore[assignment]
            reader, writer = await world.connect()
            await world.until(lambda: starved.tries > 2)
            starved.is_starved = False
            assert await reader.readline() == b"hello\n"
            assert [fault.detail for fault in world.recorder.of(FaultRaised)] == [errno.errorcode[code]]
            writer.close()

    run(main())


def test_while_accepting_pauses_the_loop_does_not_spin(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener_module, "ACCEPT_PAUSE_S", 3600.0)

    async def main() -> None:
        async with serving(wait) as world:
            starved = Starved(world.listener._sock, errno.EMFILE)
            world.listener._sock = starved  # type: ignore[assignment]
            _, writer = await world.connect()
            await world.until(lambda: starved.tries)
            for _ in range(20):
                await asyncio.sleep(0)
            assert starved.tries == 1
            writer.close()

    run(main())


def test_two_listeners_share_one_socket(run: Run) -> None:
    async def main() -> None:
        async with serving(wait) as world:
            twin_sock = world.listener._sock.dup()
            service = listener_module.Service(name="twin", session=wait)
            twin = listener_module.Listener(twin_sock, service, world.around)
            async with asyncio.TaskGroup() as group:
                group.create_task(twin.run())
                await asyncio.sleep(0)
                world.listener.stop(0.0)
                reader, writer = await world.connect_to(twin.port)
                assert await reader.readline() == b"hello\n"
                writer.close()
                twin.stop(0.0)
            assert [event.service for event in world.recorder.of(SessionOpened)] == ["twin"]

    run(main())


def test_hundreds_at_once_are_all_served(run: Run) -> None:
    async def main() -> None:
        async with serving(wait, caps=ConnectionLimits(per_address=0, per_network=0)) as world:
            async with asyncio.TaskGroup() as group:
                for _ in range(200):
                    group.create_task(_visit(world))
            await world.until(lambda: len(world.recorder.of(SessionClosed)) == 200)

    run(main())


async def _visit(world: World) -> None:
    reader, writer = await world.connect()
    assert await reader.readline() == b"hello\n"
    writer.write(b"x\n")
    assert await reader.readline() == b"ok\n"
    writer.close()
