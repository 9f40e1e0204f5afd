"""A little HTTPS server in the test's own loop: says what it is told to, and remembers what it was asked."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

from tests.support.certificates import write_certificate
from tests.support.chains import Issued, write_chain
from tests.support.outside import turns

Answer = Callable[[bytes], Awaitable[bytes] | bytes]  # of the whole request


class HttpsServer:
    """``ca_file`` is what vouches for it."""

    def __init__(self, answer: Answer, ca_file: Path) -> None:
        self.asked: list[bytes] = []
        self.ca_file = ca_file
        self.port = 0
        self._answer = answer

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            request = await reader.readuntil(b"\r\n\r\n")
            for line in request.split(b"\r\n"):
                if line.lower().startswith(b"content-length:"):
                    request += await reader.readexactly(int(line.partition(b":")[2]))
            self.asked.append(request)
            said = self._answer(request)
            writer.write(said if isinstance(said, bytes) else await said)
            await writer.drain()
        writer.close()


class HttpsPeer(HttpsServer):
    """Says the same to everybody; ``says`` may be called at any time."""

    def __init__(self, ca_file: Path) -> None:
        super().__init__(lambda _: self.said, ca_file)
        self.said = b""

    def says(self, body: bytes, *, status: str = "200 OK", kind: str = "text/plain; charset=utf-8") -> None:
        self.said = response(body, status, content_type=kind)


@contextlib.asynccontextmanager
async def https_server(folder: Path, answer: Answer, *names: str) -> AsyncIterator[HttpsServer]:
    """On a free port of 127.0.0.1, as ``names``."""
    certificate, key = write_certificate(folder, *names, stem="https")
    made = HttpsServer(answer, certificate)
    async with _listening(made, certificate, key):
        yield made


@contextlib.asynccontextmanager
async def https_peer(
    folder: Path, chain: Sequence[Issued], *, address: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[HttpsPeer]:
    """The same with a chain of the test's own."""
    certificate, key = write_chain(folder, *chain, stem="https")
    made = HttpsPeer(certificate)
    async with _listening(made, certificate, key, address, port):
        yield made


@contextlib.asynccontextmanager
async def _listening(
    made: HttpsServer, certificate: Path, key: Path, address: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[None]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = await asyncio.start_server(made.serve, address, port, ssl=context)
    made.port = server.sockets[0].getsockname()[1]
    async with server:
        yield
    await turns()


def response(body: bytes, status: str = "200 OK", **fields: str) -> bytes:
    """As a server sends it; ``replay_nonce="x"`` is a field."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
