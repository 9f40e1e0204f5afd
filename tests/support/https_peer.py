"""A web server with a chain of a test's own, that says what the test tells it to."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from tests.support.chains import Issued, write_chain
from tests.support.outside import turns


class HttpsPeer:
    """``says`` may be called at any time."""

    def __init__(self) -> None:
        self.answer = b""
        self.requests: list[bytes] = []
        self.port = 0

    def says(self, body: bytes, *, status: str = "200 OK", kind: str = "text/plain; charset=utf-8") -> None:
        head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        self.answer = head.encode() + body

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            self.requests.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(self.answer)
            await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def https_peer(
    folder: Path, chain: Sequence[Issued], *, address: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[HttpsPeer]:
    """On any port unless one is named."""
    peer = HttpsPeer()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*write_chain(folder, *chain, stem="https"))
    server = await asyncio.start_server(peer.serve, address, port, ssl=context)
    peer.port = server.sockets[0].getsockname()[1]
    async with server:
        yield peer
    await turns()
