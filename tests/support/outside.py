"""Other servers for the outbound courier: scripted ones on loopback, and the courier over a mail world."""

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

import msgspec

from skrytka.mail.delivery.local import Delivery
from skrytka.mail.delivery.types import Outgoing, Resolution
from skrytka.mail.mailbox.blobs import Blobs
from skrytka.mail.outbox.outbox import Outbox
from skrytka.mail.outbox.signing import Signing
from skrytka.mail.queue.bounce import BounceDeps, Bounces
from skrytka.mail.queue.courier import LocalCourier
from skrytka.mail.queue.form import Forms
from skrytka.mail.queue.guard import Guard
from skrytka.mail.queue.kept import KeptPolicies
from skrytka.mail.queue.opening import Opener
from skrytka.mail.queue.outbound import OutboundCourier, OutboundDeps
from skrytka.mail.queue.path import Paths
from skrytka.mail.queue.routes import Routes
from skrytka.mail.queue.sts import StsDeps, StsPolicies
from skrytka.model.address import NULL_REVERSE_PATH, Address, ReversePath
from skrytka.model.envelope import BodyType, By, DeliverBy, Notify, Recipient, Ret, TlsWish
from skrytka.model.secret import Secret
from skrytka.model.settings import Outbound
from skrytka.net.client_tls import ClientTls
from skrytka.net.dialer import Dialer
from skrytka.net.dns.resolver import Resolver
from skrytka.net.dns.zone import StaticZone
from skrytka.net.https import Https
from skrytka.net.sweeper import Sweeper
from skrytka.store.sql import outbound as sql
from skrytka.store.sql.outbound import OutboundRow
from tests.unit.mail.world import HOSTNAME, MESSAGE, World

ZONE = """
example.net:
  - MX: [10, mx.example.net]
mx.example.net:
  - A: 127.0.0.1
two.example.net:
  - MX: [10, dead.example.net]
  - MX: [20, mx.example.net]
twice.example.net:
  - MX: [10, mx.example.net]
  - MX: [20, plain.example.net]
dead.example.net:
  - A: 127.0.0.9
null.example.net:
  - MX: [0, "."]
plain.example.net:
  - A: 127.0.0.1
bare.example.net:
  - TXT: nothing
loop.example.net:
  - MX: [10, mx.example.test]
"""
EHLO = b"250-mx.example.net\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SIZE 1000000\r\n250 ENHANCEDSTATUSCODES\r\n"
CHUNKING = EHLO.replace(b"250 ENHANCED", b"250-CHUNKING\r\n250-BINARYMIME\r\n250 ENHANCED")
CLOSE = b"close"  # the peer leaves instead of answering
HANG = b"hang"
_YES = {
    "": b"220 mx.example.net ESMTP\r\n",
    "EHLO": EHLO,
    "HELO": b"250 mx.example.net\r\n",
    "MAIL": b"250 2.1.0 ok\r\n",
    "RCPT": b"250 2.1.5 ok\r\n",
    "DATA": b"354 go\r\n",
    "BDAT": b"250 2.0.0 more\r\n",
    ".": b"250 2.6.0 taken\r\n",
    "RSET": b"250 2.0.0 ok\r\n",
    "QUIT": b"221 2.0.0 bye\r\n",
}
Answer = bytes | Callable[[str], bytes]


class Peer:
    """A server that says yes but for what ``answers`` says, by verb; "" is its greeting, "." the end of a message."""

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        self.answers: dict[str, Answer] = {**_YES, **answers}
        self.port = 0
        self.sessions = 0
        self.lines: list[str] = []
        self.messages: list[bytes] = []
        self.accepted = 0  # recipients of the transaction
        self.chunks = b""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.sessions += 1
        try:
            if await self._say(writer, "", ""):
                while (line := await reader.readline()) and await self._take(line, reader, writer):
                    pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _take(self, raw: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        line = raw.decode().rstrip("\r\n")
        self.lines.append(line)
        verb = line.split(" ")[0].upper()
        if verb == "MAIL":
            self.accepted = 0
        if verb != "BDAT" and not await self._say(writer, verb, line):
            return False
        if verb == "BDAT":
            return await self._chunk(line, reader, writer)
        if verb == "DATA" and str(self._answer("DATA", line), "ascii").startswith("354"):
            pieces = []
            while (piece := await reader.readline()) != b".\r\n":
                if not piece:
                    return False
                pieces.append(piece.removeprefix(b"."))
            self.messages.append(b"".join(pieces))
            return await self._say(writer, ".", ".")
        return verb != "QUIT"

    async def _chunk(self, line: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """RFC 3030 2: so many octets, then the reply."""
        self.chunks += await reader.readexactly(int(line.split(" ")[1]))
        if not line.endswith(" LAST"):
            return await self._say(writer, "BDAT", line)
        message, self.chunks = self.chunks, b""
        if not self.accepted:
            writer.write(b"503 5.5.1 nobody to give it to\r\n")
            return True
        self.messages.append(message)
        return await self._say(writer, ".", line)

    def _answer(self, verb: str, line: str) -> bytes:
        answer = self.answers.get(verb, b"500 5.5.2 what\r\n")
        said = answer if isinstance(answer, bytes) else answer(line)
        if verb == "RCPT":
            self.accepted += said.startswith(b"2")
        if verb == "DATA" and not self.accepted and said == _YES["DATA"]:
            return b"554 5.5.1 nobody to give it to\r\n"
        return said

    async def _say(self, writer: asyncio.StreamWriter, verb: str, line: str) -> bool:
        answer = self._answer(verb, line)
        if answer == HANG:
            await asyncio.Event().wait()
        if answer == CLOSE:
            return False
        writer.write(answer)
        await writer.drain()
        return True


@contextlib.asynccontextmanager
async def peer(answers: Mapping[str, Answer] | None = None) -> AsyncIterator[Peer]:
    served = Peer(answers or {})
    sessions: list[tuple[asyncio.StreamWriter, asyncio.Task[None]]] = []

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sessions.append((writer, asyncio.get_running_loop().create_task(served.serve(reader, writer))))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    served.port = server.sockets[0].getsockname()[1]
    try:
        yield served
    finally:
        server.close()
        await turns()  # a connection that came just now gets a session, which can be ended; asyncio would leave it open
        for writer, task in sessions:
            task.cancel()
            writer.close()  # one that is cancelled before it began closes nothing
        await asyncio.gather(*(task for _writer, task in sessions), return_exceptions=True)
        await turns()


async def turns(count: int = 5) -> None:
    """Of the loop: asyncio takes three to accept a connection and one to close it."""
    for _ in range(count):
        await asyncio.sleep(0)


class Outside:
    """The courier of a world, its mail submitted by alice, and a look into the queue."""

    def __init__(
        self,
        world: World,
        port: int,
        *,
        is_demo: bool = False,
        resolver: Resolver | None = None,
        signing: Signing | None = None,
        https_port: int = 1,
        **settings: Any,
    ) -> None:
        self.world = world
        self.settings = msgspec.structs.replace(Outbound(retry_s=(60, 600), connect_s=5.0), **settings)
        self.sweeper = Sweeper(world.clock)
        resolver = StaticZone.parse(ZONE) if resolver is None else resolver
        self.routes = Routes(self.settings, resolver, HOSTNAME, world.random, port=port)
        outbox = Outbox(world.keys, world.clock, world.random)
        self.delivery = Delivery(
            dataclasses.replace(
                world.delivery._deps,
                outbox=outbox,
                directory=world.directory,
                signing=signing,
                rewriting=world.rewriting,
            )
        )
        self.local = LocalCourier(dataclasses.replace(world.courier._deps, reports=self.delivery.reports))
        tls = ClientTls()
        self.opener = Opener(
            hostname=HOSTNAME,
            dial=Dialer(self.sweeper, self.settings.source_addresses),
            tls=tls,
            settings=self.settings,
            passwords=_password,
            clock=world.clock,
            events=world.events,
        )
        self.sts = StsPolicies(
            StsDeps(
                kept=KeptPolicies(world.store, world.keys, world.clock, world.random),
                https=Https(self.opener.dial, resolver, tls, ca_file=self.settings.ca_file),
                port=https_port,
                resolver=resolver,
                clock=world.clock,
                age=world.clock,
                events=world.events,
            )
        )
        self.paths = Paths(
            routes=self.routes,
            guard=Guard(resolver, world.clock, self.sts, self.settings.tls_demands),
            opener=self.opener,
            settings=self.settings,
            clock=world.clock,
            forms=Forms(world.inspection, signing, is_recoding=self.settings.is_8bit_recoded),
        )
        assert self.delivery.reports is not None
        self.bounces = Bounces(
            BounceDeps(
                store=world.store,
                reports=self.delivery.reports,
                clock=world.clock,
                expire_s=self.settings.expire_s,
            )
        )
        self.courier = OutboundCourier(
            OutboundDeps(
                store=world.store,
                keys=world.keys,
                blobs=Blobs(world.store, world.blobs._paths),
                routes=self.routes,
                paths=self.paths,
                bounces=self.bounces,
                events=world.events,
                clock=world.clock,
                age=world.clock,
                random=world.random,
                settings=self.settings,
                is_demo=is_demo,
            )
        )

    async def submit(
        self,
        *recipients: Recipient | str,
        message: bytes = MESSAGE,
        sender: str = "alice@example.test",
        is_smtputf8: bool = False,
        body_type: BodyType = BodyType.SEVEN_BIT,
        ret: Ret | None = None,
        envid: str = "",
        priority: int | None = None,
        is_proven: bool = True,
        is_own: bool = True,
        hold_s: int = 0,
        priority_max: int = 9,
        by: By | None = None,
        tls_wish: TlsWish = TlsWish.USUAL,
        is_author_checked: bool = False,
    ) -> None:
        facts = self.world.facts()
        path = ReversePath(Address.parse(sender)) if sender else NULL_REVERSE_PATH
        facts = type(facts)(
            trace=facts.trace,
            received_at_ms=facts.received_at_ms,
            reverse_path=path,
            remote=facts.remote,
            helo=facts.helo,
            is_smtputf8=is_smtputf8,
            is_submission=True,
            is_proven=is_proven,
            is_author_checked=is_author_checked,
            ret=ret,
            envid=envid,
            account=await self.world.account("alice"),
            deliver_by=DeliverBy.of(by, self.world.clock.now_ms()),
            priority=priority,
            priority_max=priority_max,
            tls_wish=tls_wish,
            hold=f"for;{hold_s}" if hold_s else "",
            release_at_ms=self.world.clock.now_ms() + hold_s * 1000 if hold_s else 0,
        )
        incoming = self.delivery.begin_submission()
        await incoming.write(message)
        account = await self.world.account("alice") if is_own else None
        here, elsewhere = await self._places(recipients)
        outgoing = None
        if elsewhere:
            outgoing = Outgoing(account=account, recipients=elsewhere, body_type=body_type)
        verdict = await self.delivery.deliver(facts, here, incoming, outgoing)
        assert verdict.reply.is_positive, verdict

    async def _places(self, recipients: Sequence[Recipient | str]) -> tuple[list[Resolution], tuple[Recipient, ...]]:
        """Those of this server, and those elsewhere; a bare address leaves wherever it is."""
        here: list[Resolution] = []
        elsewhere: list[Recipient] = []
        for each in recipients:
            recipient = Recipient(Address.parse(each)) if isinstance(each, str) else each
            found = await self.world.directory.resolve(recipient.address)
            if found.is_accepted and not isinstance(each, str):
                here.append(msgspec.structs.replace(found, asked=recipient))
            else:
                elsewhere.append(recipient)
        return here, tuple(elsewhere)

    async def queue(self) -> list[OutboundRow]:
        return await self.world.store.read(sql.listed(100))


def to(address: str = "x@example.net", *notify: Notify, original: str = "") -> Recipient:
    return Recipient(Address.parse(address), frozenset(notify), original)


def _password(name: str) -> Secret:
    if name == "gone":
        raise FileNotFoundError(2, "No such file")
    return Secret(name)
