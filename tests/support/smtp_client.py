"""Our client engine and our server engine, mouth to ear: h11's ConnectionPair."""

from skrytka.model.address import Address, Domain, ReversePath
from skrytka.model.engine import Signal
from skrytka.model.envelope import Recipient
from skrytka.model.limits import SmtpLimits
from skrytka.protocol.smtp.client import SmtpClient
from skrytka.protocol.smtp.client_events import Action, Answered, ClientEvent, SayHello
from skrytka.protocol.smtp.client_states import ClientState
from skrytka.protocol.smtp.extensions import Extensions
from tests.support.smtp import EXTENSIONS, LIMITS, TLS, Driver, Policy, agree

NAME = Domain.parse("client.example.org")
SENDER = ReversePath(Address.parse("a@example.org"))


def to(address: str = "bob@example.test", **more: object) -> Recipient:
    return Recipient(Address.parse(address), **more)  # type: ignore[arg-type]


def drain(client: SmtpClient) -> list[ClientEvent]:
    found = []
    while not isinstance(event := client.next_event(), Signal):
        found.append(event)
        if not isinstance(event, Answered):
            break
    return found


class Pair:
    """``say`` actions; replies come back as events. The server's greeting has been read."""

    def __init__(
        self, *, extensions: Extensions = EXTENSIONS, limits: SmtpLimits = LIMITS, policy: Policy = agree
    ) -> None:
        self.client = SmtpClient()
        self.server = Driver(limits, extensions, policy=policy)
        self.wire = b""
        self.client.receive(b"220 mx.example.test ESMTP\r\n")
        drain(self.client)

    def say(self, *actions: Action) -> list[ClientEvent]:
        """All of them in one group."""
        data = b"".join(self.client.send(action) for action in actions)
        self.wire += data
        heard = len(self.server.out)
        self.server.feed(data)
        if replies := b"".join(self.server.out[heard:]):
            self.client.receive(replies)
        return drain(self.client)

    def codes(self, *actions: Action) -> list[int]:
        return [event.reply.code for event in self.say(*actions) if isinstance(event, Answered)]

    def hello(self) -> "Pair":
        assert self.codes(SayHello(NAME)) == [250]
        return self

    def handshake(self) -> None:
        self.client.tls_started(TLS)


def scripted(*replies: bytes) -> SmtpClient:
    """A client that has heard these replies, each after nothing or what the test says between."""
    client = SmtpClient()
    for reply in replies:
        client.receive(reply)
    return client


def state(client: SmtpClient) -> ClientState:
    """A call, so that a type checker does not take it for unchanged."""
    return client.state
