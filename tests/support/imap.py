"""IMAP sessions without sockets, store or clock: a scripted connection and mailboxes in memory."""

from array import array
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from skrytka.mail.mailbox.types import (
    FIRST_KEYWORD_BIT,
    SUMMARY_FIELDS,
    Content,
    FlagChange,
    MailboxInfo,
    MailboxStatus,
    MessageRow,
    Snapshot,
    SystemFlag,
)
from skrytka.model.address import Address
from skrytka.model.clock import FixedClock
from skrytka.model.engine import NEED_DATA, PAUSED, TimedOut, TlsFacts, Woken
from skrytka.model.errors import PermanentError, Reason, SkrytkaError, TransientError
from skrytka.model.events import Event
from skrytka.model.ids import AccountId, EmailId, MailboxId, State, ThreadId, Uid
from skrytka.model.limits import ImapLimits
from skrytka.model.secret import Secret
from skrytka.net.connection import Connection
from skrytka.net.facts import ConnFacts
from skrytka.protocol.mime import header, imap_text
from skrytka.protocol.mime.scan import scan
from skrytka.protocol.mime.sections import Section, sections
from skrytka.servers.imap.deps import ImapDeps
from skrytka.servers.imap.session import serve_imap

TLS = TlsFacts(version="TLSv1.3", cipher="TLS_AES_256_GCM_SHA384")
FACTS = ConnFacts(
    service="imap", remote="127.0.0.1", remote_port=50000, local="127.0.0.1", local_port=143, network="127.0.0.0/24"
)
RECEIVED_AT_MS = 760_060_800_000  # 1 February 1994
SAVED_AT_MS = 1_800_000_000_000  # 15 January 2027
PASSWORD = "secret"


@dataclass
class FakeSummary:
    header_bytes: int
    envelope: bytes
    body: bytes
    bodystructure: bytes
    parts: Sequence[Section]
    fields: dict[bytes, bytes]
    sent_at_ms: int | None = None


def summarize(message: bytes) -> FakeSummary:
    root = scan(message)
    fields: dict[bytes, bytes] = {}
    for found in header.fields(message[: root.body_start]):
        if found.name in SUMMARY_FIELDS:
            fields[found.name] = fields.get(found.name, b"") + message[found.start : found.end]
    return FakeSummary(
        header_bytes=root.body_start,
        envelope=imap_text.envelope(root.values),
        body=imap_text.body(root, is_extensible=False),
        bodystructure=imap_text.body(root, is_extensible=True),
        parts=sections(root),
        fields=fields,
    )


@dataclass
class FakeMessage:
    uid: int
    raw: bytes
    flags: int = 0
    modseq: int = 1
    received_at_ms: int = RECEIVED_AT_MS
    sent_at_ms: int | None = None
    is_summary_corrupt: bool = False
    corrupt_from: int | None = None  # octets from here on cannot be read


class FakeContent:
    def __init__(self, message: FakeMessage) -> None:
        self._message = message
        self.size_bytes = len(message.raw)
        self.is_closed = False

    async def read(self, offset: int, length: int) -> bytes:
        limit = self._message.corrupt_from
        if limit is not None and offset + length > limit:
            raise PermanentError(Reason.CORRUPT, "segment")
        return self._message.raw[offset : offset + length]

    def close(self) -> None:
        self.is_closed = True


@dataclass
class FakeMailbox:
    """One mailbox; ``deliver`` and friends are what other sessions do."""

    info: MailboxInfo
    messages: list[FakeMessage] = field(default_factory=list)
    uid_next: int = 1
    state: int = 1
    keywords: tuple[str, ...] = ()
    failure: SkrytkaError | None = None  # raised by every write
    contents: list[FakeContent] = field(default_factory=list)
    _cached: Snapshot | None = None

    def deliver(self, raw: bytes, **fields: Any) -> FakeMessage:
        self.state += 1
        message = FakeMessage(self.uid_next, raw, modseq=self.state, **fields)
        self.messages.append(message)
        self.uid_next += 1
        return message

    def remove(self, *uids: int) -> None:
        self.state += 1
        self.messages = [message for message in self.messages if message.uid not in uids]

    def flag(self, uid: int, flags: int) -> None:
        self.state += 1
        for message in self.messages:
            if message.uid == uid:
                message.flags, message.modseq = flags, self.state

    def snapshot(self) -> Snapshot:
        if self._cached is None or self._cached.state != self.state:
            self._cached = Snapshot(
                State(self.state),
                array("I", [message.uid for message in self.messages]),
                array("Q", [message.flags for message in self.messages]),
                array("Q", [message.modseq for message in self.messages]),
                Uid(self.uid_next),
                self.keywords,
            )
        return self._cached


class FakeView:
    def __init__(self, box: FakeMailbox) -> None:
        self.box = box
        self.info = box.info
        self.uid_validity = 7
        self.is_closed = False

    async def snapshot(self) -> Snapshot:
        return self.box.snapshot()

    async def rows(self, uids: Sequence[int], *, with_summary: bool) -> Sequence[MessageRow]:
        assert 0 < len(uids) <= 256
        assert list(uids) == sorted(set(uids))
        return [self._row(message, with_summary) for message in self.box.messages if message.uid in uids]

    def _row(self, message: FakeMessage, with_summary: bool) -> MessageRow:
        summary = summarize(message.raw) if with_summary and not message.is_summary_corrupt else None
        if summary is not None:
            summary.sent_at_ms = message.sent_at_ms
        return MessageRow(
            uid=Uid(message.uid),
            size_bytes=len(message.raw),
            received_at_ms=message.received_at_ms,
            saved_at_ms=SAVED_AT_MS,
            email_id=EmailId(message.uid.to_bytes(16, "big")),
            thread_id=ThreadId(message.uid.to_bytes(16, "big")),
            summary=summary,
        )

    async def content(self, uid: Uid) -> Content:
        for message in self.box.messages:
            if message.uid == uid:
                content = FakeContent(message)
                self.box.contents.append(content)
                return content
        raise PermanentError(Reason.NO_SUCH_OBJECT)

    async def store_flags(self, uids: Sequence[int], change: FlagChange, flags: int, keywords: Sequence[str]) -> None:
        if self.box.failure is not None:
            raise self.box.failure
        assert type(flags) is int
        mask = flags | self._keyword_bits(keywords, is_new_allowed=change is not FlagChange.REMOVE)
        self.box.state += 1
        for message in self.box.messages:
            if message.uid in uids:
                message.modseq = self.box.state
                kept = 0 if change is FlagChange.REPLACE else message.flags & ~mask
                message.flags = kept | (0 if change is FlagChange.REMOVE else mask)

    def _keyword_bits(self, keywords: Sequence[str], *, is_new_allowed: bool) -> int:
        mask = 0
        for keyword in keywords:
            known = [name.casefold() for name in self.box.keywords]
            if keyword.casefold() not in known and is_new_allowed:
                self.box.keywords += (keyword,)
                known.append(keyword.casefold())
            if keyword.casefold() in known:
                mask |= 1 << (FIRST_KEYWORD_BIT + known.index(keyword.casefold()))
        return mask

    async def expunge(self, uids: Sequence[int] | None) -> None:
        if self.box.failure is not None:
            raise self.box.failure
        gone = [
            message.uid
            for message in self.box.messages
            if message.flags & SystemFlag.DELETED and (uids is None or message.uid in uids)
        ]
        if gone:
            self.box.remove(*gone)

    def close(self) -> None:
        self.is_closed = True


class FakeMailboxes:
    def __init__(self) -> None:
        self.boxes: dict[str, FakeMailbox] = {}
        self.only_subscribed: list[MailboxInfo] = []
        self.views: list[FakeView] = []
        self.watchers: list[Callable[[], None]] = []
        self.failure: BaseException | None = None
        self.add("INBOX", is_subscribed=True)

    def add(self, name: str, *, is_subscribed: bool = False, special_use: str = "") -> FakeMailbox:
        info = MailboxInfo(name, MailboxId(len(self.boxes) + 1), is_subscribed, special_use)
        self.boxes[name] = FakeMailbox(info)
        return self.boxes[name]

    def _box(self, account: AccountId, name: str) -> FakeMailbox:
        assert account == 5
        if self.failure is not None:
            raise self.failure
        try:
            return self.boxes[name]
        except KeyError:
            raise PermanentError(Reason.NO_SUCH_MAILBOX) from None

    async def names(self, account: AccountId) -> Sequence[MailboxInfo]:
        assert account == 5
        return [*(box.info for box in self.boxes.values()), *self.only_subscribed]

    async def status(self, account: AccountId, name: str) -> tuple[MailboxInfo, MailboxStatus]:
        box = self._box(account, name)
        return box.info, MailboxStatus(
            messages=len(box.messages),
            unseen=sum(1 for message in box.messages if not message.flags & SystemFlag.SEEN),
            deleted=sum(1 for message in box.messages if message.flags & SystemFlag.DELETED),
            size_bytes=sum(len(message.raw) for message in box.messages),
            uid_next=Uid(box.uid_next),
            uid_validity=7,
            highest_modseq=State(box.state),
        )

    async def open(self, account: AccountId, name: str) -> FakeView:
        view = FakeView(self._box(account, name))
        self.views.append(view)
        return view

    def watch(self, account: AccountId, notify: Callable[[], None]) -> Callable[[], None]:
        self.watchers.append(notify)
        return lambda: self.watchers.remove(notify)


@dataclass(frozen=True)
class FakeLogin:
    account: AccountId
    address: Address


class FakeIdentity:
    """alice@example.test with :data:`PASSWORD`; the name ``slow@example.test`` has met the limit."""

    def __init__(self) -> None:
        self.tried: list[tuple[str, str]] = []

    async def login(self, name: str, password: Secret, facts: ConnFacts, mechanism: str) -> FakeLogin:
        assert facts is FACTS
        self.tried.append((name, mechanism))
        if name == "slow@example.test":
            raise TransientError(Reason.RATE_LIMITED)
        if name == "down@example.test":
            raise TransientError(Reason.STORE_DOWN)
        if name != "alice@example.test" or password.reveal() != PASSWORD.encode():
            raise PermanentError(Reason.BAD_CREDENTIALS)
        return FakeLogin(AccountId(5), Address.parse(name))


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
        self.deadlines: list[float] = []
        self._pieces: list[list[bytes]] = []
        self.aborted = ""
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
        self.identity = FakeIdentity()
        self.recorder = Recorder()
        self.deps = ImapDeps(
            identity=self.identity,
            mailboxes=self.mailboxes,
            events=self.recorder,
            clock=FixedClock(),
            limits=limits or ImapLimits(),
            hostname="mail.example.test",
            version="9.9",
        )

    @property
    def inbox(self) -> FakeMailbox:
        return self.mailboxes.boxes["INBOX"]

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
