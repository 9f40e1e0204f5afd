"""Drives the SMTP server engine: feeds octets, answers by a policy, and keeps what was said."""

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

from skrytka.model import reply as replies
from skrytka.model.engine import NEED_DATA, PAUSED, TlsFacts
from skrytka.model.errors import RemoteProtocolError
from skrytka.model.limits import SmtpLimits
from skrytka.model.reply import Reply
from skrytka.protocol.sasl.base64 import encode
from skrytka.protocol.sasl.exchange import Ask, Exchange
from skrytka.protocol.sasl.passwords import LoginExchange, PlainExchange
from skrytka.protocol.sasl.plain import PlainCredentials
from skrytka.protocol.smtp import events
from skrytka.protocol.smtp.authentication import MECHANISMS
from skrytka.protocol.smtp.extensions import Extensions, Leniency
from skrytka.protocol.smtp.server import SmtpServer

HOSTNAME = "mx.example.test"
TLS = TlsFacts(version="TLSv1.3", cipher="TLS_AES_256_GCM_SHA384")
LIMITS = SmtpLimits()
EXTENSIONS = Extensions()
LENIENCY = Leniency()
Policy = Callable[[events.Event], Reply]


_YES = {
    events.MailFrom: replies.SENDER_OK,
    events.RcptTo: replies.RECIPIENT_OK,
    events.DataStart: replies.START_DATA,
    events.ChunkEnd: replies.CHUNK_OK,
    events.BodyEnd: replies.ACCEPTED,
    events.StartTls: replies.READY_FOR_TLS,
}
PASSWORD = b"secret"


def agree(event: events.Event) -> Reply:
    """Says yes where the engine lets one."""
    if isinstance(event, events.ChunkEnd | events.BodyEnd) and event.refusal is not None:
        return event.refusal
    if isinstance(event, events.Hello | events.Reset | events.Routine | events.Quit | events.Fault):
        return event.reply
    return _YES[type(event)]


class Logins:
    """PLAIN and LOGIN as a session has them, with one password for all."""

    def __init__(self) -> None:
        self.claims: list[tuple[str, str, bytes]] = []
        self._mechanism = ""
        self._exchange: Exchange = PlainExchange()

    def reply(self, event: events.Authenticate | events.AuthResponse) -> Reply:
        try:
            if isinstance(event, events.Authenticate):
                if event.mechanism not in MECHANISMS:
                    return replies.MECHANISM_UNKNOWN
                self._mechanism = event.mechanism
                self._exchange = PlainExchange() if event.mechanism == "PLAIN" else LoginExchange()
                step = self._exchange.begin(event.initial)
            elif event.message is None:
                return replies.AUTH_CANCELLED
            else:
                step = self._exchange.respond(event.message)
        except RemoteProtocolError:
            return replies.AUTH_SYNTAX
        if isinstance(step, Ask):
            return replies.AUTH_CONTINUE.with_text(encode(step.message).decode())
        assert isinstance(step, PlainCredentials)
        self.claims.append((self._mechanism, step.name, step.password.reveal()))
        return replies.AUTH_OK if step.password.reveal() == PASSWORD else replies.AUTH_FAILED


class Driver:
    """A session without a network: ``feed`` and look at ``out``, ``log`` and ``messages``."""

    def __init__(
        self,
        limits: SmtpLimits = LIMITS,
        extensions: Extensions = EXTENSIONS,
        leniency: Leniency = LENIENCY,
        policy: Policy = agree,
        *,
        is_tls: bool = False,
    ) -> None:
        self.engine = SmtpServer(limits, HOSTNAME, extensions, leniency)
        if is_tls:
            self.engine.tls_implicit()
        self.policy = policy
        self.logins = Logins()
        self.out: list[bytes] = []
        self.log: list[events.Event] = []  # without chunks
        self.body = b""
        self.messages: list[bytes] = []  # those answered 250
        self.engine.send(replies.GREETING)

    @property
    def codes(self) -> list[int]:
        """The last line of each reply."""
        return [int(reply.splitlines()[-1][:3]) for reply in self.out]

    @property
    def last(self) -> str:
        return self.out[-1].decode().rstrip("\r\n")

    def feed(self, *pieces: bytes) -> "Driver":
        for piece in pieces:
            if self.log and isinstance(self.log[-1], events.Eof):
                return self
            self.engine.receive(piece)
            for event in self._events():
                self._answer(event)
        return self

    def _events(self) -> Iterator[events.Event]:
        while (event := self.engine.next_event()) is not NEED_DATA:
            if event is PAUSED:
                self.engine.tls_started(TLS)  # the one pause that is left when all is answered
                continue
            yield event
            if isinstance(event, events.Eof):
                return

    def _answer(self, event: events.Event) -> None:
        if isinstance(event, events.BodyChunk):
            self.body += event.data
            return
        if isinstance(event, events.BodyDropped):
            return
        self.log.append(event)
        if isinstance(event, events.Eof):
            return
        if isinstance(event, events.Authenticate | events.AuthResponse):
            reply = self.logins.reply(event)
        else:
            reply = self.policy(event)
        self.out.append(self.engine.send(reply))
        if isinstance(event, events.BodyEnd):
            if reply.is_positive:
                self.messages.append(self.body)
            self.body = b""
        if isinstance(event, events.Hello | events.Reset | events.MailFrom | events.StartTls):
            self.body = b""


def pieces(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    """``data`` cut before each of these positions."""
    positions = [0, *sorted(set(cuts)), len(data)]
    return [piece for left, right in pairwise(positions) if (piece := data[left:right])]


def octets(data: bytes) -> list[bytes]:
    """One by one."""
    return [data[index : index + 1] for index in range(len(data))]
