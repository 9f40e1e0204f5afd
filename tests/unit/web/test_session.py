"""Over real sockets with TLS: what one connection of a web application sees."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from skrytka.model.errors import Reason, TransientError
from skrytka.model.events import BugCaught, SessionClosed
from skrytka.net.connection import Connection
from skrytka.net.facts import Networks
from skrytka.net.tls import CertificateFiles, TlsStore
from skrytka.protocol.http.server import Response
from skrytka.web.http import BadRequestError, WebRequest, text
from skrytka.web.session import BODY_MAX, REQUEST_S, WebApp, serve_web
from tests.support.certificates import write_certificate
from tests.unit.net.harness import World, serving

GET = b"GET /hello HTTP/1.1\r\nHost: a.test\r\n\r\n"
CLOSE = GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")


async def app(request: WebRequest) -> Response:
    match request.segments:
        case ("bug",):
            raise KeyError("secret")
        case ("busy",):
            raise TransientError(Reason.STORE_DOWN)
        case ("bad",):
            raise BadRequestError(415)
        case _:
            pass
    return text(200, f"{request.method} {request.body.decode()}")


@contextlib.asynccontextmanager
async def web(folder: Path, networks: Networks | None = None) -> AsyncIterator[World]:
    certificate, key = write_certificate(folder, "a.test")
    worlds: list[World] = []

    async def session(conn: Connection) -> None:
        refused = lambda status: text(status, str(status))  # noqa: E731 - one line
        await serve_web(conn, WebApp(app=app, refused=refused, clock=worlds[0].clock, networks=networks))

    async with serving(session, tls=TlsStore([CertificateFiles(certificate, key)])) as world:
        worlds.append(world)
        yield world


async def connect(world: World) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return await world.connect(ssl=context)


async def say(world: World, data: bytes) -> bytes:
    reader, writer = await connect(world)
    writer.write(data)
    said = await reader.read()
    writer.close()
    return said


async def test_requests_share_a_connection(tmp_path: Path) -> None:
    async with web(tmp_path) as world:
        said = await say(world, GET + CLOSE)
        assert said.count(b"HTTP/1.1 200 OK") == 2
        assert said.count(b"Strict-Transport-Security: max-age=63072000") == 2


@pytest.mark.parametrize(("path", "status"), [(b"/busy", 503), (b"/bad", 415), (b"/%ff", 400)])
async def test_what_fails_has_its_status(tmp_path: Path, path: bytes, status: int) -> None:
    async with web(tmp_path) as world:
        assert b"HTTP/1.1 %d " % status in await say(world, CLOSE.replace(b"/hello", path))


async def test_a_method_that_is_nowhere_is_answered_with_those_that_are(tmp_path: Path) -> None:
    async with web(tmp_path) as world:
        said = await say(world, GET.replace(b"GET", b"BREW"))
        assert b"HTTP/1.1 405 " in said
        assert b"Allow: GET, HEAD, POST, PUT, DELETE\r\n" in said


async def test_a_bug_is_told_without_its_text(tmp_path: Path) -> None:
    async with web(tmp_path) as world:
        said = await say(world, GET.replace(b"/hello", b"/bug"))
        assert b"HTTP/1.1 500 " in said
        assert b"secret" not in said
        await world.until(lambda: world.recorder.of(BugCaught))


async def test_content_comes_to_the_page_and_too_much_does_not(tmp_path: Path) -> None:
    post = b"POST / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\nContent-Length: %d\r\n"
    async with web(tmp_path) as world:
        assert (await say(world, post % 5 + b"\r\nhello")).endswith(b"POST hello")
        assert b"HTTP/1.1 413 " in await say(world, post % (BODY_MAX + 1) + b"\r\n")
        reader, writer = await connect(world)
        writer.write(post % 5 + b"Expect: 100-continue\r\n\r\n")
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"hello")
        assert (await reader.read()).endswith(b"POST hello")
        writer.close()


async def test_who_is_elsewhere_sees_no_certificate(tmp_path: Path) -> None:
    async with web(tmp_path, Networks(("192.0.2.0/24",))) as world:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await connect(world)
    async with web(tmp_path, Networks(("127.0.0.0/8",))) as world:
        assert b"200 OK" in await say(world, CLOSE)


async def test_who_is_slow_on_purpose_is_let_go(tmp_path: Path) -> None:
    async with web(tmp_path) as world:
        reader, writer = await connect(world)
        writer.write(GET[:20])
        await writer.drain()
        await world.until(lambda: len(world.listener) == 1)
        world.late(REQUEST_S + 1)
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""
        await world.until(lambda: world.recorder.of(SessionClosed))
        writer.close()
