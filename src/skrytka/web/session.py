"""One connection of a web application: TLS first, then requests answered one after another.

Who is not in the allowed networks does not even see a certificate. Deadlines against who is slow on purpose: each
request has so long to come whole, whatever trickles in. A bug is answered 500, told, and ends the connection.
"""

import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from skrytka.model.clock import Clock
from skrytka.model.engine import TimedOut, Woken
from skrytka.model.errors import RemoteProtocolError, TransientError
from skrytka.net.connection import Connection
from skrytka.net.facts import ConnFacts, Networks, normalise
from skrytka.protocol.http.server import CONTINUE, Expecting, HttpServer, Refused, Request, Response
from skrytka.web.http import BadRequestError, WebRequest, finished, read_request

REQUEST_S: Final = 20.0
SESSION_S: Final = 300.0
REQUESTS_MAX: Final = 1000
BODY_MAX: Final = 256 * 1024
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "DELETE")
EXPIRED: Final = 10  # X509_V_ERR_CERT_HAS_EXPIRED
NOWHERE: Final = ("PATCH", "OPTIONS", "TRACE", "QUERY")  # the router says which there are at a place

App = Callable[[WebRequest], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebApp:
    """One application, for all its connections."""

    app: App
    refused: Callable[[int], Response]  # what a status looks like there
    clock: Clock
    networks: Networks | None = None  # None: everybody
    distrusted: Callable[[ConnFacts, str], None] | None = None  # hears of certificates that TLS refuses, and why


async def serve_web(conn: Connection, web: WebApp) -> None:
    """Until the client is done, or has had its time."""
    if web.networks is not None and normalise(conn.facts.remote) not in web.networks:
        conn.errors += 1
        return
    await _serve(conn, web)


async def _serve(conn: Connection, web: WebApp) -> None:
    conn.ends_at_s = web.clock.monotonic_s() + SESSION_S
    conn.deadline(REQUEST_S)
    if conn.can_start_tls:
        await _start_tls(conn, web)
    if conn.tls is None:
        return  # without a certificate there is nothing to be had here
    engine = HttpServer(REQUESTS_MAX, methods=METHODS + NOWHERE, body_max=BODY_MAX)
    async for event in conn.events(engine):
        if isinstance(event, TimedOut):
            return
        await _handle(event, conn, web, engine)
        if _is_over(conn, web, engine):
            return


async def _start_tls(conn: Connection, web: WebApp) -> None:
    try:
        await conn.upgrade_tls()
    except RemoteProtocolError as exc:
        if web.distrusted is not None and isinstance(exc.__cause__, ssl.SSLError):
            web.distrusted(conn.facts, _why(exc.__cause__))
        raise


def _why(error: ssl.SSLError) -> str:
    """Nothing where it was no certificate that TLS has refused."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return "expired" if error.verify_code == EXPIRED else "untrusted"
    return "missing" if error.reason == "PEER_DID_NOT_RETURN_A_CERTIFICATE" else ""


async def _handle(event: Request | Refused | Expecting | Woken, conn: Connection, web: WebApp, to: HttpServer) -> None:
    match event:
        case Request():
            conn.messages += 1
            await conn.send(to.send(await _answered(event, conn, web, to)))
            conn.deadline(REQUEST_S)
        case Refused(status=status):
            conn.errors += 1
            await conn.send(to.send(finished(_with_allow(web.refused(status)), web.clock.now_ms())))
        case Expecting():
            await conn.send(CONTINUE)
        case Woken():
            pass


def _is_over(conn: Connection, web: WebApp, engine: HttpServer) -> bool:
    has_had_its_time = conn.is_draining or web.clock.monotonic_s() >= conn.ends_at_s
    return engine.is_closed or (has_had_its_time and engine.is_idle)


def _with_allow(response: Response) -> Response:
    """A method that no place here has: RFC 9110 15.5.6 wants to be told which there are."""
    if response.status != 405:
        return response
    return Response(response.status, response.body, (*response.fields, ("Allow", ", ".join(METHODS))))


async def _answered(request: Request, conn: Connection, web: WebApp, engine: HttpServer) -> Response:
    try:
        response = await web.app(read_request(request, conn.facts, conn.tls.peer if conn.tls is not None else b""))
    except BadRequestError as exc:
        conn.errors += 1
        response = web.refused(exc.status)
    except TransientError:
        response = web.refused(503)
    except Exception:
        await conn.send(engine.send(finished(web.refused(500), web.clock.now_ms())))
        raise  # the listener tells of it (conventions C6)
    return finished(response, web.clock.now_ms())
