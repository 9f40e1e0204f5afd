"""A load of small messages by SMTP, in a process of its own so that its CPU can be told apart.

``python -m bench.generator HOST PORT MESSAGES SESSIONS PER_SESSION MAILBOXES DOMAIN`` sends and prints one JSON line:
seconds, CPU seconds, messages. Commands of one transaction are pipelined (RFC 2920), as large senders do.
"""

import asyncio
import json
import resource
import sys
import time
from collections.abc import Iterator
from itertools import islice

import uvloop

BODY_LINE = b"The quick brown fox jumps over the lazy dog, and this line has some %04d more words to tell.\r\n"
MESSAGE_BYTES = 4096


class RefusedError(Exception):
    """The server did not take a message."""


def message(number: int, domain: str, mailbox: int) -> bytes:
    """About 4 kB, each one different, dot-stuffed by not having any line that begins with a dot."""
    head = (
        f"From: Sender <sender@example.net>\r\nTo: User <user{mailbox}@{domain}>\r\nSubject: Benchmark {number}\r\n"
        f"Date: Sun, 22 Nov 2026 10:00:00 +0000\r\nMessage-ID: <bench.{number}@example.net>\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    ).encode()
    lines = (MESSAGE_BYTES - len(head)) // len(BODY_LINE % 0)
    return head + b"".join(BODY_LINE % ((number * 7919 + line) % 10_000) for line in range(lines)) + b".\r\n"


async def reply(reader: asyncio.StreamReader, expected: bytes) -> None:
    """Read one reply of any number of lines."""
    while True:
        line = await reader.readline()
        if not line.startswith(expected):
            raise RefusedError(line.decode("utf-8", "replace").strip() or "the connection was closed")
        if line[3:4] != b"-":
            return


class Load:
    """The numbers still to be sent, shared by the sessions that run side by side."""

    def __init__(self, host: str, port: int, messages: int, per_session: int, mailboxes: int, domain: str) -> None:
        self.host, self.port = host, port
        self.per_session, self.mailboxes, self.domain = per_session, mailboxes, domain
        self.numbers: Iterator[int] = iter(range(messages))

    async def worker(self) -> None:
        """One session after the other until all is sent."""
        while batch := list(islice(self.numbers, self.per_session)):
            await self.session(batch)

    async def session(self, batch: list[int]) -> None:
        """One connection with the messages of ``batch``."""
        reader, writer = await asyncio.open_connection(self.host, self.port)
        await reply(reader, b"220")
        writer.write(b"EHLO client.example.net\r\n")
        await reply(reader, b"250")
        for number in batch:
            mailbox = number % self.mailboxes
            command = f"MAIL FROM:<sender@example.net>\r\nRCPT TO:<user{mailbox}@{self.domain}>\r\nDATA\r\n"
            writer.write(command.encode())
            for expected in (b"250", b"250", b"354"):
                await reply(reader, expected)
            writer.write(message(number, self.domain, mailbox))
            await reply(reader, b"250")
        writer.write(b"QUIT\r\n")
        await reply(reader, b"221")
        writer.close()


async def run(argv: list[str]) -> None:
    """Send everything, then print what it took."""
    host, port, messages, sessions, per_session, mailboxes, domain = argv
    load = Load(host, int(port), int(messages), int(per_session), int(mailboxes), domain)
    start = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(int(sessions)):
            group.create_task(load.worker())
    seconds = time.perf_counter() - start
    usage = resource.getrusage(resource.RUSAGE_SELF)
    result = {"seconds": seconds, "cpu_s": usage.ru_utime + usage.ru_stime, "messages": int(messages)}
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    uvloop.run(run(sys.argv[1:]))
