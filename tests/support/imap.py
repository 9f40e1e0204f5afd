"""IMAP sessions without sockets, store or clock: a scripted connection and mailboxes in memory."""

import math
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from typing import Any, cast

from msgspec.structs import replace as replace_struct

from skrytka.inspect.inspector import Inspector
from skrytka.mail.identity.login import Login
from skrytka.model.address import Address
from skrytka.model.clock import FixedClock
from skrytka.model.engine import NEED_DATA, PAUSED, TimedOut, TlsFacts, Woken
from skrytka.model.errors import PermanentError, Reason, SkrytkaError, TransientError
from skrytka.model.events import Event
from skrytka.model.ids import AccountId
from skrytka.model.limits import ImapLimits
from skrytka.model.secret import Secret
from skrytka.net.connection import Connection
from skrytka.net.facts import ConnFacts
from skrytka.servers.imap.deps import ImapDeps
from skrytka.servers.imap.session import serve_imap
from tests.support.imap_boxes import FakeAppends, FakeMailbox, FakeMailboxes
from tests.support.local_inspector import LocalInspector
from tests.support.sasl import NoSessions, PasswordsOnly
from tests.unit.mail.support import CountingRandom

TLS = TlsFacts(version="TLSv1.3", cipher="TLS_AES_256_GCM_SHA384")
FACTS = ConnFacts(
    service="imap", remote="127.0.0.1", remote_port=50000, local="127.0.0.1", local_port=143, network="127.0.0.0/24"
)
PASSWORD = "secret"


class FakeIdentity(PasswordsOnly):
    """alice@example.test with :data:`PASSWORD`; the name ``slow@example.test`` has met the limit."""

    def __init__(self) -> None:
        self.tried: list[tuple[str, str]] = []
        self.is_revoked = False
        self.refused: list[str] = []
        self.said: list[str] = []  # by programs, of themselves

    def refuse(self, name: str, facts: ConnFacts, mechanism: str) -> None:
        self.refused.append(name)

    async def is_still_valid(self, login: Login, facts: ConnFacts) -> bool:
        return not self.is_revoked

    async def login(self, name: str, password: Secret, facts: ConnFacts, mechanism: str) -> Login:
        assert replace_struct(facts, program="") == FACTS
        self.said.append(facts.program)
        self.tried.append((name, mechanism))
        if name == "slow@example.test":
            raise TransientError(Reason.RATE_LIMITED)
        if name == "down@example.test":
            raise TransientError(Reason.STORE_DOWN)
        if name != "alice@example.test" or password.reveal() != PASSWORD.encode():
            raise PermanentError(Reason.BAD_CREDENTIALS)
        return Login(AccountId(5), Address.parse(name))


class Recorder:
    def __init__(self) -> None:
        self.events: list[Event] = []

    def emit(self, event: Event) -> None:
        self.events.append(event)


Step = bytes | Woken | TimedOut | Callable[[], None]


class FakeConnection:
    """Plays steps: octets of the client, signals of the connection, or something that happens elsewhere."""

    def __init__(self, steps: Sequence[Step], *, is_tls: bool = True, can_start_tls: bool = False) -> None:
        self.steps = steps
        self.facts = FACTS
        self.tls: TlsFacts | None = TLS if is_tls else None
        self.can_start_tls = can_start_tls
        self.is_draining = False
        self.is_lost = False
        self.errors = 0
        self.cause = ""
        self.ends_at_s = math.inf
        self.deadlines: list[float] = []
        self._pieces: list[list[bytes]] = []
        self.aborted = ""
        self.largest_bytes = 0  # that were handed over at once
        self.wakes = 0
        self.handshake_failure: SkrytkaError | None = None

    async def events(self, engine: Any) -> AsyncIterator[object]:
        for step in [*self.steps, b""]:
            self._pieces.append([])
            if isinstance(step, bytes):
                engine.receive(step)
            elif isinstance(step, Woken | TimedOut):
                yield step
            else:
                step()
            while (event := engine.next_event()) is not NEED_DATA:
                assert event is not PAUSED
                yield event
        raise AssertionError("the session went on after the end of file")

    async def send(self, data: bytes) -> None:
        if not self._pieces:
            self._pieces.append([])
        self._pieces[-1].append(data)
        self.largest_bytes = max(self.largest_bytes, len(data))

    def forget(self, steps: int) -> None:
        """What was said in the first steps does not matter."""
        del self._pieces[:steps]

    def deadline(self, seconds: float) -> None:
        self.deadlines.append(seconds)

    def wake(self) -> None:
        self.wakes += 1

    def abort(self, cause: str = "") -> None:
        self.aborted = cause
        self.is_lost = True

    async def upgrade_tls(self) -> TlsFacts:
        if self.handshake_failure is not None:
            raise self.handshake_failure
        self.tls = TLS
        return TLS

    @property
    def said(self) -> list[bytes]:
        """One entry per step, the greeting first."""
        return [b"".join(pieces) for pieces in self._pieces]

    @property
    def text(self) -> str:
        return b"".join(self.said).decode("utf-8", "replace")


class World:
    """Everything around one session."""

    def __init__(self, limits: ImapLimits | None = None) -> None:
        self.mailboxes = FakeMailboxes()
        self.appends = FakeAppends(self.mailboxes)
        self.identity = FakeIdentity()
        self.inspector = LocalInspector()
        self.recorder = Recorder()
        self.deps = ImapDeps(
            identity=self.identity,
            sessions=NoSessions(),
            random=CountingRandom(),
            mailboxes=self.mailboxes,
            appends=self.appends,
            inspector=self.inspector,
            events=self.recorder,
            clock=FixedClock(),
            limits=limits or ImapLimits(),
            hostname="mail.example.test",
            version="9.9",
        )

    @property
    def inbox(self) -> FakeMailbox:
        return self.mailboxes.boxes["INBOX"]

    def with_inspector(self, inspector: Inspector) -> ImapDeps:
        """The same around another inspector."""
        return replace(self.deps, inspector=inspector)

    async def play(self, *steps: Step, is_tls: bool = True, can_start_tls: bool = False) -> FakeConnection:
        """Serve one connection to its end."""
        conn = FakeConnection(steps, is_tls=is_tls, can_start_tls=can_start_tls)
        await serve_imap(cast("Connection", conn), self.deps)
        return conn

    async def selected(self, *steps: Step) -> FakeConnection:
        """As ``play`` after LOGIN and SELECT INBOX; ``said`` begins with the first step's answers."""
        conn = await self.play(LOGIN, SELECT, *steps)
        conn.forget(3)
        return conn

    async def ask(self, *lines: str) -> list[str]:
        """Answers to commands in the selected INBOX, as lines; tags are added."""
        data = b"".join(f"t{number} {line}\r\n".encode() for number, line in enumerate(lines, 1))
        conn = await self.selected(data)
        return conn.said[0].decode("utf-8", "replace").split("\r\n")[:-1]


LOGIN = f"l LOGIN alice@example.test {PASSWORD}\r\n".encode()
SELECT = b"s SELECT INBOX\r\n"
