"""A load of small messages by SMTP, in a process of its own so that its CPU can be told apart.

``python -m bench.generator HOST PORT MESSAGES SESSIONS PER_SESSION MAILBOXES DOMAIN [NAME PASSWORD CA]`` sends and
prints one JSON line: when it began (``time.perf_counter``, the same in all processes), seconds, CPU seconds, messages.
With a name it submits: under TLS from the first octet, with AUTH PLAIN. With a key in ``$BENCH_DKIM`` each message is
signed. Commands of one transaction are pipelined
(RFC 2920), as large senders do; all texts are made before the clock starts.
"""

import asyncio
import base64
import json
import os
import resource
import socket
import ssl
import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import uvloop

from skrytka.mail.delivery.incoming import rescan
from skrytka.model.address import Domain
from skrytka.model.secret import Secret
from skrytka.protocol.mailauth.dkim.body import BodyHasher
from skrytka.protocol.mailauth.dkim.header import Header
from skrytka.protocol.mailauth.dkim.sign import SIGNED_BODY, SigningKey, sign

BODY_LINE = b"The quick brown fox jumps over the lazy dog, and this line has some %04d more words to tell.\r\n"
MESSAGE_BYTES = 4096
STRANGER = "sender@example.net"


class RefusedError(Exception):
    """The server did not take a message."""


class Login(NamedTuple):
    """Who submits."""

    name: str
    password: str
    authority: str  # whoever signed the server's certificate

    @property
    def command(self) -> bytes:
        """AUTH with its initial response (RFC 4954 4)."""
        return b"AUTH PLAIN " + base64.b64encode(f"\0{self.name}\0{self.password}".encode()) + b"\r\n"


def message(number: int, sender: str, recipient: str) -> bytes:
    """About 4 kB, each one different, dot-stuffed by not having any line that begins with a dot."""
    head = (
        f"From: Sender <{sender}>\r\nTo: User <{recipient}>\r\nSubject: Benchmark {number}\r\n"
        f"Date: Sun, 22 Nov 2026 10:00:00 +0000\r\nMessage-ID: <bench.{number}@example.net>\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    ).encode()
    lines = (MESSAGE_BYTES - len(head)) // len(BODY_LINE % 0)
    return head + b"".join(BODY_LINE % ((number * 7919 + line) % 10_000) for line in range(lines)) + b".\r\n"


async def replies(reader: asyncio.StreamReader, *expected: bytes) -> None:
    """Read as many replies as codes are expected, each of any number of lines."""
    data = b""
    while True:
        data += (more := await reader.read(65536))
        lines = data.split(b"\r\n")[:-1]
        last = [line for line in lines if line[3:4] != b"-"]
        for line, code in zip(last, expected, strict=False):
            if not line.startswith(code):
                raise RefusedError(line.decode("utf-8", "replace"))
        if len(last) >= len(expected):
            return
        if not more:
            raise RefusedError("the connection was closed")


class Load:
    """The messages still to be sent, shared by the sessions that run side by side."""

    def __init__(
        self, host: str, port: int, messages: int, per_session: int, mailboxes: int, domain: str, login: Login | None
    ) -> None:
        self.host, self.port, self.per_session, self.login = host, port, per_session, login
        self.tls = ssl.create_default_context(cafile=login.authority) if login is not None else None
        sender = login.name if login is not None else STRANGER
        signed = signer()
        made = (transaction(number, sender, f"user{number % mailboxes}@{domain}") for number in range(messages))
        self.waiting: Iterator[tuple[bytes, bytes]] = iter([(commands, signed(content)) for commands, content in made])

    async def worker(self) -> None:
        """One session after the other until all is sent."""
        while batch := list(islice(self.waiting, self.per_session)):
            await self.session(batch)

    async def session(self, batch: list[tuple[bytes, bytes]]) -> None:
        """One connection with the messages of ``batch``."""
        reader, writer = await asyncio.open_connection(self.host, self.port, ssl=self.tls, family=socket.AF_INET)
        await replies(reader, b"220")
        writer.write(b"EHLO client.example.net\r\n")
        await replies(reader, b"250")
        if self.login is not None:
            writer.write(self.login.command)
            await replies(reader, b"235")
        for commands, content in batch:
            writer.write(commands)
            await replies(reader, b"250", b"250", b"354")
            writer.write(content)
            await replies(reader, b"250")
        writer.write(b"QUIT\r\n")
        await replies(reader, b"221")
        writer.close()


def signer() -> "Callable[[bytes], bytes]":
    """Puts a signature on a message, with the key in the file that $BENCH_DKIM names; else it stays as it is."""
    if (path := os.environ.get("BENCH_DKIM")) is None:
        return lambda content: content
    key = SigningKey.load(Secret(Path(path).read_bytes()), Domain.parse(STRANGER.partition("@")[2]), "bench")

    def signed(content: bytes) -> bytes:
        message = content.removesuffix(b".\r\n")
        scan = rescan(message)
        hasher = BodyHasher({SIGNED_BODY})
        hasher.feed(message[len(scan.raw) :])
        return sign(Header(scan.fields), hasher.finish()[SIGNED_BODY], key, int(time.time())) + content

    return signed


def transaction(number: int, sender: str, recipient: str) -> tuple[bytes, bytes]:
    """Its commands, which go together, and its message."""
    commands = f"MAIL FROM:<{sender}>\r\nRCPT TO:<{recipient}>\r\nDATA\r\n".encode()
    return commands, message(number, sender, recipient)


async def run(argv: list[str]) -> None:
    """Send everything, then print what it took."""
    host, port, messages, sessions, per_session, mailboxes, domain, *login = argv
    who = Login(*login) if login else None
    load = Load(host, int(port), int(messages), int(per_session), int(mailboxes), domain, who)
    start, began_s = time.perf_counter(), cpu_s()
    async with asyncio.TaskGroup() as group:
        for _ in range(int(sessions)):
            group.create_task(load.worker())
    seconds = time.perf_counter() - start
    result = {"began": start, "seconds": seconds, "cpu_s": cpu_s() - began_s, "messages": int(messages)}
    sys.stdout.write(json.dumps(result) + "\n")


def cpu_s() -> float:
    """Of this process so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    uvloop.run(run(sys.argv[1:]))
