"""An MX session on a real loopback connection, with recipients and delivery made up."""

import contextlib
import ssl
from asyncio import Event, StreamReader, StreamWriter, wait_for
from collections.abc import AsyncIterator, Callable, Sequence

from skrytka.mail.delivery.incoming import scan_header
from skrytka.mail.delivery.message import IncomingMessage
from skrytka.mail.delivery.types import Check, Outgoing, Resolution, Target, Transaction
from skrytka.model import reply as replies
from skrytka.model.address import Address
from skrytka.model.clock import FixedClock
from skrytka.model.errors import Reason, TransientError
from skrytka.model.ids import AccountId
from skrytka.model.limits import SmtpLimits
from skrytka.model.reply import Reply
from skrytka.model.verdict import Action, Verdict
from skrytka.net.tls_pipe import ServerTls
from skrytka.protocol.smtp.extensions import DEFAULT_LENIENCY, Leniency
from skrytka.servers.mx import serve_mx
from skrytka.servers.mx_deps import MxDeps
from tests.unit.net.harness import Recorder, World, Zeros, client_context, serving

HOSTNAME = "mx.example.test"
ACCEPT = Verdict(Action.ACCEPT, replies.ACCEPTED)
READ_S = 60.0
ACCOUNTS = frozenset({"alice", "bob", "carol", "postmaster", "zażółć", "a b"})
REFUSALS: dict[str, tuple[Reply, Reason]] = {
    "full": (replies.OVER_QUOTA, Reason.OVER_QUOTA),
    "off": (replies.ACCOUNT_SUSPENDED, Reason.ACCOUNT_SUSPENDED),
}


class BugError(Exception):
    """What nobody expects."""


class FakeRecipients:
    """Accounts of example.test by the table; ``down`` is a store that is away, ``bug`` a bug of ours."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []

    async def resolve(self, recipient: Address, *, size_bytes: int = 0) -> Resolution:
        self.asked.append((str(recipient), size_bytes))
        name = recipient.local.lower()
        if name == "down":
            raise TransientError(Reason.STORE_DOWN, "secret detail")
        if name == "bug":
            raise BugError("secret detail")
        if recipient.domain.name not in {"example.test", HOSTNAME}:
            return _refused(recipient, replies.RELAY_DENIED, Reason.RELAY_DENIED)
        if name in REFUSALS:
            return _refused(recipient, *REFUSALS[name])
        if name not in ACCOUNTS:
            return _refused(recipient, replies.NO_SUCH_USER, Reason.NO_SUCH_USER)
        verdict = Verdict(Action.ACCEPT, replies.RECIPIENT_OK)
        return Resolution(recipient, verdict, (Target(AccountId(1), recipient),))


def _refused(recipient: Address, reply: Reply, reason: Reason) -> Resolution:
    return Resolution(recipient, Verdict(Action.REJECT, reply, reason))


class FakeMessage(IncomingMessage):
    """Keeps octets; fails once it holds more than ``fails_at``."""

    def __init__(self, fails_at: int) -> None:
        self.octets = b""
        self.size_bytes = 0
        self.failure: Verdict | None = None
        self.is_aborted = False
        self._fails_at = fails_at

    async def write(self, data: bytes) -> None:
        self.octets += data
        self.size_bytes += len(data)
        if self.size_bytes > self._fails_at:
            self.failure = Verdict(Action.DEFER, replies.DISK_FULL, Reason.DISK_FULL)

    async def abort(self) -> None:
        self.is_aborted = True


class FakeDelivery:
    """Records what was delivered; answers as told."""

    def __init__(self) -> None:
        self.messages: list[FakeMessage] = []
        self.delivered: list[tuple[Transaction, tuple[str, ...], bytes]] = []
        self.verdict = ACCEPT
        self.error: Exception | None = None
        self.while_hanging: Callable[[], object] | None = None  # called, and then nothing more happens
        self.fails_at = 10**9

    def begin(self, *, is_leaving: bool = False) -> IncomingMessage:
        self.messages.append(FakeMessage(self.fails_at))
        return self.messages[-1]

    def begin_checked(self, *, is_leaving: bool = False) -> IncomingMessage:
        return self.begin()

    def begin_submission(self, *, is_leaving: bool = True) -> IncomingMessage:
        return self.begin()

    async def deliver(
        self,
        facts: Transaction,
        recipients: Sequence[Resolution],
        message: IncomingMessage,
        outgoing: Outgoing | None = None,
        check: Check | None = None,
    ) -> Verdict:
        assert isinstance(message, FakeMessage)
        if self.while_hanging is not None:
            self.while_hanging()
            await Event().wait()
        if self.error is not None:
            raise self.error
        if message.failure is not None:
            return message.failure
        if check is not None and (refusal := await check(scan_header(message.octets))) is not None:
            return refusal
        if self.verdict.reply.is_positive:
            names = tuple(str(resolution.recipient) for resolution in recipients)
            names += tuple(str(each.address) for each in outgoing.recipients) if outgoing is not None else ()
            self.delivered.append((facts, names, message.octets))
        await message.abort()
        return self.verdict


class Peer:
    """A client that speaks in lines."""

    def __init__(self, reader: StreamReader, writer: StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def say(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def hear(self) -> str:
        """One line without its CRLF; "" at the end."""
        line = await wait_for(self.reader.readline(), READ_S)
        assert line == b"" or line.endswith(b"\r\n"), line
        return line.decode().removesuffix("\r\n")

    async def reply(self) -> str:
        """The last line of one reply."""
        while (line := await self.hear())[3:4] == "-":
            pass
        return line

    async def ask(self, line: str) -> str:
        await self.say(line.encode() + b"\r\n")
        return await self.reply()

    async def open(self, *, recipient: str = "bob@example.test") -> None:
        """Greeting, EHLO, and a transaction with one recipient."""
        assert (await self.reply()).startswith("220 ")
        assert (await self.ask("EHLO client.example.org")).startswith("250 ")
        assert (await self.ask("MAIL FROM:<a@example.org>")).startswith("250 ")
        assert (await self.ask(f"RCPT TO:<{recipient}>")).startswith("250 ")

    async def start_tls(self) -> None:
        context: ssl.SSLContext = client_context()
        await wait_for(self.writer.start_tls(context), READ_S)

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(OSError, ssl.SSLError):
            await self.writer.wait_closed()


class Mx:
    """A listening MX and what it did."""

    def __init__(self, world: World, recipients: FakeRecipients, delivery: FakeDelivery) -> None:
        self.world = world
        self.recipients = recipients
        self.delivery = delivery
        self._peers: list[Peer] = []

    @property
    def recorder(self) -> Recorder:
        return self.world.recorder

    async def connect(self) -> Peer:
        peer = Peer(*await self.world.connect())
        self._peers.append(peer)
        return peer

    async def close(self) -> None:
        for peer in self._peers:
            await peer.close()


@contextlib.asynccontextmanager
async def mx(
    limits: SmtpLimits | None = None,
    leniency: Leniency = DEFAULT_LENIENCY,
    tls: ServerTls | None = None,
    exempt: tuple[str, ...] = (),
) -> AsyncIterator[Mx]:
    recipients, delivery = FakeRecipients(), FakeDelivery()
    late: list[MxDeps] = []
    async with serving(lambda conn: serve_mx(conn, late[0]), tls=tls, exempt=exempt) as world:
        late.append(
            MxDeps(
                recipients=recipients,
                delivery=delivery,
                events=world.recorder,
                clock=world.clock,
                random=Zeros(),
                limits=limits or SmtpLimits(),
                hostname=HOSTNAME,
                leniency=leniency,
            )
        )
        assert isinstance(world.clock, FixedClock)
        served = Mx(world, recipients, delivery)
        try:
            yield served
        finally:
            await served.close()
