"""The outside of a server that is hurt: a mail server that counts what it got, and a name server that may be deaf."""

import asyncio
import contextlib
import re
import smtplib
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Final, Self

import dns.message
import dns.rrset

from tests.support.demo import Demo

SUBJECT: Final = re.compile(rb"^Subject: (.*?)\r?$", re.MULTILINE)
EHLO: Final = b"250-mx.example.net\r\n250-PIPELINING\r\n250-SIZE 1000000\r\n250 8BITMIME\r\n"
REPLIES: Final = {b"EHLO": EHLO, b"QUIT": b"221 2.0.0 bye\r\n"}
ALICE: Final = "alice@example.test"


class _InThread:
    """``with`` runs ``_serving`` in a loop and thread of its own."""

    def __enter__(self) -> Self:
        self._is_ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), daemon=True)
        self._thread.start()
        assert self._is_ready.wait(20)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(20)

    async def _main(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        async with self._serving():
            self._is_ready.set()
            await self._stop.wait()
        await asyncio.sleep(0)

    def _serving(self) -> contextlib.AbstractAsyncContextManager[None]:
        raise NotImplementedError


class MailServer(_InThread):
    """``with MailServer(port)``: takes everything; ``arrived`` counts by subject, as soon as its 250 is on the way."""

    def __init__(self, port: int, *, pause_s: float = 0.0) -> None:
        self.arrived: Counter[bytes] = Counter()
        self._port, self._pause_s = port, pause_s
        self._writers: set[asyncio.StreamWriter] = set()

    @contextlib.asynccontextmanager
    async def _serving(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", self._port, backlog=100)
        try:
            yield
        finally:
            server.close()
            for writer in self._writers:
                writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            await self._talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            self._writers.discard(writer)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mx.example.net\r\n")
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"DATA":
                writer.write(b"354 go\r\n")
                content = await reader.readuntil(b"\r\n.\r\n")
                await asyncio.sleep(self._pause_s)
                match = SUBJECT.search(content)
                assert match is not None
                self.arrived[match[1]] += 1
            writer.write(REPLIES.get(verb, b"250 2.0.0 ok\r\n"))


class NameServer(_InThread, asyncio.DatagramProtocol):
    """``with NameServer(records, hears)``: answers over UDP as long as ``hears()``; nothing speaks TCP."""

    def __init__(self, records: dict[tuple[str, str], str], hears: Callable[[], bool]) -> None:
        self.asked = 0
        self.port = 0
        self._records, self._hears = records, hears

    @contextlib.asynccontextmanager
    async def _serving(self) -> AsyncIterator[None]:
        made, _ = await self._loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        self._transport = made
        self.port = made.get_extra_info("sockname")[1]
        try:
            yield
        finally:
            made.close()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.asked += 1
        if self._hears():
            self._transport.sendto(self._answer(data), addr)

    def _answer(self, data: bytes) -> bytes:
        query = dns.message.from_wire(data)
        response = dns.message.make_response(query)
        name, rdtype = str(query.question[0].name), dns.rdatatype.to_text(query.question[0].rdtype)
        if text := self._records.get((name.lower(), rdtype)):
            response.answer.append(dns.rrset.from_text(name, 1, "IN", rdtype, text))
        return response.to_wire()


def submit(demo: Demo, domain: str, subjects: list[str]) -> None:
    """One message each, from alice to ``someone`` there."""
    with submission(demo) as client:
        for subject in subjects:
            content = f"From: {ALICE}\r\nSubject: {subject}\r\n\r\nhello\r\n"
            client.sendmail(ALICE, [f"someone@{domain}"], content)


@contextlib.contextmanager
def submission(demo: Demo) -> Iterator[smtplib.SMTP_SSL]:
    """Logged in."""
    with smtplib.SMTP_SSL("localhost", demo.port("submissions"), timeout=30, context=demo.tls()) as client:
        client.login(ALICE, demo.password("alice"))
        yield client
