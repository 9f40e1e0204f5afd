"""One connection of the public role: requests answered one after another, within a minute in all.

Deadlines against who is slow on purpose: each request has so long to come whole, whatever trickles in; silence between
two ends the connection. What fails in looking up a domain is answered 503.
"""

from typing import Final

from skrytka.model.engine import TimedOut, Woken
from skrytka.model.errors import TransientError
from skrytka.net.acme.challenges import ALPN_PROTOCOL
from skrytka.net.connection import Connection
from skrytka.net.hello import read_hello
from skrytka.net.tls_pipe import TlsPipe
from skrytka.protocol.http.server import Expecting, HttpServer, Refused, Request, Response
from skrytka.web.public.deps import PublicDeps
from skrytka.web.public.pages import answer, problem

REQUEST_S: Final = 15.0
SESSION_S: Final = 60.0


async def serve_public(conn: Connection, deps: PublicDeps, *, is_secure: bool) -> None:
    """Until the client is done, or has had its time."""
    conn.ends_at_s = deps.clock.monotonic_s() + SESSION_S
    conn.deadline(REQUEST_S)
    engine = HttpServer()
    async for event in conn.events(engine):
        match event:
            case Request():
                conn.messages += 1
                await conn.send(engine.send(await _answered(event, deps, is_secure=is_secure)))
                conn.deadline(REQUEST_S)
            case Refused(status=status):
                conn.errors += 1
                await conn.send(engine.send(problem(status, deps, is_secure=is_secure)))
            case TimedOut():
                return  # RFC 9112 9.5: a server may close at any time; a 408 would reach who waits for something else
            case Woken() | Expecting():
                pass  # what has content is refused before it is waited for
        is_over = conn.is_draining or deps.clock.monotonic_s() >= conn.ends_at_s  # who keeps asking is never late
        if engine.is_closed or (is_over and engine.is_idle):
            return


async def serve_public_tls(conn: Connection, deps: PublicDeps) -> None:
    """The same with TLS from the first octet; an authority that wants to see a challenge sees it and nothing else."""
    conn.deadline(REQUEST_S)
    hello = await read_hello(conn)
    if hello.protocols == (ALPN_PROTOCOL,):  # RFC 8737 3: one protocol, and no request follows
        if (context := deps.challenges.alpn(hello.server_name)) is not None:
            await conn.start_tls(TlsPipe(context, is_server=True))
        return
    await conn.upgrade_tls()
    await serve_public(conn, deps, is_secure=True)


async def _answered(request: Request, deps: PublicDeps, *, is_secure: bool) -> Response:
    try:
        return await answer(request, deps, is_secure=is_secure)
    except TransientError:
        return problem(503, deps, is_secure=is_secure)
