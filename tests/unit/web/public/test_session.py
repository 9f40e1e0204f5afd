import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest

from skrytka.model.errors import Reason, TransientError
from skrytka.model.events import SessionClosed
from skrytka.net.connection import Connection
from skrytka.web.public.session import REQUEST_S, SESSION_S, serve_public
from tests.support.outside import turns
from tests.unit.net.conftest import LOOPS
from tests.unit.net.harness import Run, World, serving
from tests.unit.web.public.world import make_deps

GET = b"GET / HTTP/1.1\r\nHost: example.test\r\n\r\n"


@pytest.fixture(params=LOOPS)
def run(request: pytest.FixtureRequest) -> Run:
    def runner(main: Coroutine[Any, Any, None]) -> None:
        with asyncio.Runner(loop_factory=LOOPS[request.param]) as loop:
            loop.run(main)

    return runner


@contextlib.asynccontextmanager
async def public(**changes: Any) -> AsyncIterator[World]:
    worlds: list[World] = []

    async def session(conn: Connection) -> None:
        await serve_public(conn, make_deps(clock=worlds[0].clock, **changes), is_secure=False)

    async with serving(session) as world:
        worlds.append(world)
        yield world


async def head(reader: asyncio.StreamReader) -> bytes:
    return await reader.readuntil(b"\r\n\r\n")


def test_requests_share_a_connection_until_one_says_close(run: Run) -> None:
    async def main() -> None:
        async with public() as world:
            reader, writer = await world.connect()
            writer.write(GET + GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") + GET)
            said = await reader.read()
            assert said.count(b"HTTP/1.1 301 ") == 2
            writer.close()
            await world.until(lambda: world.recorder.of(SessionClosed))
            (closed,) = world.recorder.of(SessionClosed)
            assert (closed.messages, closed.errors) == (2, 0)

    run(main())


def test_what_is_no_http_is_answered_once_and_ended(run: Run) -> None:
    async def main() -> None:
        async with public() as world:
            reader, writer = await world.connect()
            writer.write(b"EHLO evil.test\r\n\r\nMAIL FROM:<>\r\n")
            said = await reader.read()
            assert said.startswith(b"HTTP/1.1 400 ")
            assert said.count(b"HTTP/1.1") == 1
            writer.close()

    run(main())


def test_who_sends_a_request_drop_by_drop_is_cut(run: Run) -> None:
    async def main() -> None:
        async with public() as world:
            reader, writer = await world.connect()
            for _ in range(3):
                writer.write(b"G")
                await asyncio.sleep(0.01)
                world.late(REQUEST_S / 2)
            assert await reader.read() == b""
            writer.close()

    run(main())


def test_who_asks_again_and_again_has_a_minute(run: Run) -> None:
    async def main() -> None:
        async with public() as world:
            reader, writer = await world.connect()
            asked = 0
            with contextlib.suppress(asyncio.IncompleteReadError, OSError):
                while asked < 100:
                    writer.write(b"HEAD" + GET[3:])
                    await head(reader)
                    asked += 1
                    world.late(REQUEST_S * 0.9)
            assert 1 < asked <= SESSION_S / (REQUEST_S * 0.9) + 2
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
            await world.until(lambda: world.recorder.of(SessionClosed))
            await turns()

    run(main())


def test_an_idle_connection_ends_with_the_process(run: Run) -> None:
    async def main() -> None:
        async with public() as world:
            reader, writer = await world.connect()
            writer.write(b"HEAD" + GET[3:])
            await head(reader)
            world.listener.stop(10.0)
            assert await reader.read() == b""
            writer.close()

    run(main())


def test_a_directory_that_does_not_answer_is_503(run: Run) -> None:
    async def is_hosted(_domain: str) -> bool:
        raise TransientError(Reason.STORE_DOWN)

    async def main() -> None:
        async with public(is_hosted=is_hosted) as world:
            reader, writer = await world.connect()
            writer.write(GET)
            assert (await head(reader)).startswith(b"HTTP/1.1 503 ")
            writer.close()

    run(main())
