"""A little HTTPS server in the test's own loop: says what it is told to, and remembers what it was asked."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from tests.support.certificates import write_certificate

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


@contextlib.asynccontextmanager
async def https_server(folder: Path, answer: Answer, *names: str) -> AsyncIterator[HttpsServer]:
    """On a free port of 127.0.0.1, as ``names``."""
    certificate, key = write_certificate(folder, *names, stem="https")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    made = HttpsServer(answer, certificate)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, ssl=context)
    made.port = server.sockets[0].getsockname()[1]
    async with server:
        yield made


def response(body: bytes, status: str = "200 OK", **fields: str) -> bytes:
    """As a server sends it; ``replay_nonce="x"`` is a field."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
