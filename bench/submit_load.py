"""A load of small messages by submission, in a process of its own so that its CPU can be told apart.

``python -m bench.submit_load PORT MESSAGES SESSIONS PER_SESSION NAME PASSWORD CA`` logs in under TLS (AUTH PLAIN),
sends to one outside domain, and prints one JSON line: seconds, CPU seconds, messages. Commands are pipelined.
"""

import asyncio
import base64
import json
import resource
import ssl
import sys
import time
from collections.abc import Iterator
from itertools import islice

import uvloop

from bench.generator import message, reply

DOMAIN = "sink.test"


class Submissions:
    """The numbers still to be sent, shared by the sessions that run side by side."""

    def __init__(self, port: int, messages: int, per_session: int, login: tuple[str, str], tls: ssl.SSLContext) -> None:
        self.port, self.per_session, self.tls = port, per_session, tls
        self.name = login[0]
        self.auth = base64.b64encode("\0{}\0{}".format(*login).encode())
        self.numbers: Iterator[int] = iter(range(messages))

    async def worker(self) -> None:
        """One session after the other until all is sent."""
        while batch := list(islice(self.numbers, self.per_session)):
            await self.session(batch)

    async def session(self, batch: list[int]) -> None:
        """One connection with the messages of ``batch``."""
        reader, writer = await asyncio.open_connection("localhost", self.port, ssl=self.tls, family=2)
        await reply(reader, b"220")
        writer.write(b"EHLO client.example.test\r\n")
        await reply(reader, b"250")
        writer.write(b"AUTH PLAIN " + self.auth + b"\r\n")
        await reply(reader, b"235")
        for number in batch:
            command = f"MAIL FROM:<{self.name}>\r\nRCPT TO:<user{number % 50}@{DOMAIN}>\r\nDATA\r\n"
            writer.write(command.encode())
            for expected in (b"250", b"250", b"354"):
                await reply(reader, expected)
            content = message(number, DOMAIN, number % 50)
            writer.write(content.replace(b"From: Sender <sender@example.net>", f"From: <{self.name}>".encode()))
            await reply(reader, b"250")
        writer.write(b"QUIT\r\n")
        await reply(reader, b"221")
        writer.close()


async def run(argv: list[str]) -> None:
    """Send everything, then print what it took."""
    port, messages, sessions, per_session, name, password, authority = argv
    tls = ssl.create_default_context(cafile=authority)
    load = Submissions(int(port), int(messages), int(per_session), (name, password), tls)
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
