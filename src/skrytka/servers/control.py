"""The control socket: what the CLI asks of a running server.

A frame (``model.framing``) of JSON each way. Request: ``{"command": "account.add", "args": {...}}``. Answers: any
number of ``{"progress": "text"}``, then one ``{"ok": true, "result": ...}`` or ``{"ok": false, "error": reason,
"detail": what went wrong, "mend": what to do}``. Several requests may follow each other on one connection. Who is at
the other end was proven by peer credentials before a session begins; he is the ``actor`` of the events. A bug is
answered ``"error": "bug"`` without its text, ends the connection and is raised for the composition to record.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import msgspec

from skrytka.mail.admin.commands.base import CommandDeps
from skrytka.mail.admin.commands.run import BUG, run_command
from skrytka.model.actor import Actor
from skrytka.model.errors import RemoteProtocolError
from skrytka.model.framing import FrameReader, frame

REQUEST_MAX_BYTES: Final = 1024 * 1024
IDLE_S: Final = 600.0  # a person may think between two commands
READ_BYTES: Final = 64 * 1024


class _Progress(msgspec.Struct, frozen=True):
    progress: str


async def serve_control(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, deps: CommandDeps, actor: Actor
) -> None:
    """Answer until the peer leaves, is silent for ten minutes, or breaks the framing."""

    async def progress(text: str) -> None:
        writer.write(frame(msgspec.json.encode(_Progress(text))))
        await writer.drain()

    try:
        async for request in _requests(reader):
            try:
                answer = await run_command(deps, request, actor, progress)
            except Exception:
                writer.write(frame(msgspec.json.encode(BUG)))
                await writer.drain()
                raise
            writer.write(frame(msgspec.json.encode(answer)))
            await writer.drain()
    except (TimeoutError, ConnectionError, RemoteProtocolError):
        pass  # nobody is there to hear it
    finally:
        writer.close()


async def _requests(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    frames = FrameReader(REQUEST_MAX_BYTES)
    while True:
        async with asyncio.timeout(IDLE_S):
            data = await reader.read(READ_BYTES)
        if not data:
            return
        for payload in frames.feed(data):
            yield payload
