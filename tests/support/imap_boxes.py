"""Mailboxes in memory, as an IMAP session sees them."""

from array import array
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from skrytka.analysis.fold import fold_query
from skrytka.inspect.message import TextLimits, message_text
from skrytka.mail.mailbox.types import (
    SUMMARY_FIELDS,
    Content,
    Copies,
    Depth,
    FlagChange,
    MailboxInfo,
    MailboxStatus,
    MessageRow,
    Rendering,
    Snapshot,
)
from skrytka.model.errors import PermanentError, Reason, SkrytkaError
from skrytka.model.flags import FIRST_KEYWORD_BIT, SystemFlag
from skrytka.model.ids import AccountId, EmailId, MailboxId, State, ThreadId, Uid
from skrytka.protocol.mime import header, imap_text
from skrytka.protocol.mime.envelope import Envelope
from skrytka.protocol.mime.scan import scan
from skrytka.protocol.mime.sections import Section, sections
from tests.support.mime import read

RECEIVED_AT_MS = 760_060_800_000  # 1 February 1994
SAVED_AT_MS = 1_800_000_000_000  # 15 January 2027


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
    root = read(message)
    texts = imap_text.bodies(root)
    fields: dict[bytes, bytes] = {}
    for found in header.fields(message[: root.body_start]):
        if found.name in SUMMARY_FIELDS:
            fields[found.name] = fields.get(found.name, b"") + message[found.start : found.end]
    return FakeSummary(
        header_bytes=root.body_start,
        envelope=imap_text.write_envelope(root.envelope or Envelope()),
        body=texts.body,
        bodystructure=texts.bodystructure,
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
    recent_uid: int = 2**32  # another session was the first to be told of everything
    state: int = 1
    keywords: tuple[str, ...] = ()
    failure: SkrytkaError | None = None  # raised by every write
    contents: list[FakeContent] = field(default_factory=list)
    is_gone: bool = False
    texts: dict[int, str] = field(default_factory=dict)  # search texts, of those that have one
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

    def keyword_bits(self, keywords: Sequence[str], *, is_new_allowed: bool) -> int:
        mask = 0
        for keyword in keywords:
            known = [name.casefold() for name in self.keywords]
            if keyword.casefold() not in known and is_new_allowed:
                self.keywords += (keyword,)
                known.append(keyword.casefold())
            if keyword.casefold() in known:
                mask |= 1 << (FIRST_KEYWORD_BIT + known.index(keyword.casefold()))
        return mask

    def snapshot(self) -> Snapshot:
        if self.is_gone:
            raise PermanentError(Reason.NO_SUCH_MAILBOX)
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
    def __init__(self, box: FakeMailbox, mailboxes: "FakeMailboxes") -> None:
        self.box = box
        self.mailboxes = mailboxes
        self.info = box.info
        self.uid_validity = 7
        self.is_closed = False
        self.rendered_bytes = 0

    async def snapshot(self) -> Snapshot:
        return self.box.snapshot()

    @property
    def recent_uid(self) -> int:
        return self.box.recent_uid

    async def claim_recent(self, uid: int) -> int:
        return self.claim_recent_soon(uid)

    def claim_recent_soon(self, uid: int) -> int:
        before, self.box.recent_uid = self.box.recent_uid, max(uid, self.box.recent_uid)
        return before

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

    async def rendered(
        self, uids: Sequence[int], rendering: Rendering, breathe: Callable[[], Awaitable[None]]
    ) -> dict[int, bytes]:
        assert 0 < len(uids) <= 256
        made: dict[int, bytes] = {}
        for message in self.box.messages:
            with_summary = rendering.depth is not Depth.NOTHING
            if message.uid in uids and not (with_summary and message.is_summary_corrupt):
                row = self._row(message, with_summary)
                self.rendered_bytes += len(message.raw)
                if self.rendered_bytes > 64 * 1024:
                    self.rendered_bytes = 0
                    await breathe()
                made[message.uid] = rendering.make(row)
        if rendering.refine is not None:
            refined = zip(made, await rendering.refine(list(made.values())), strict=True)
            made = {uid: text for uid, text in refined if text is not None}
        return made

    async def find_text(
        self, uids: Sequence[int], text: str, *, with_header: bool, breathe: Callable[[], Awaitable[None]]
    ) -> tuple[set[int], Sequence[int]]:
        await breathe()
        needle, known = fold_query(text), dict(self.box.texts)
        unread = []
        for uid in [uid for uid in uids if uid not in known]:
            try:
                known[uid] = await self._read_text(Uid(uid), with_header=with_header)
            except PermanentError as exc:
                unread += [uid] if exc.reason is Reason.CORRUPT else []
        return {uid for uid in uids if needle in known.get(uid, "")}, unread

    async def _read_text(self, uid: Uid, *, with_header: bool) -> str:
        content = await self.content(uid)
        raw = await content.read(0, content.size_bytes)
        found = message_text(raw, scan(raw), TextLimits())
        return ((found.header_text + b"\n" if with_header else b"") + found.body_text).decode()

    async def wholes(self, uids: Sequence[int]) -> dict[int, bytes]:
        wanted = [message for message in self.box.messages if message.uid in uids]
        return {message.uid: message.raw for message in wanted if message.corrupt_from is None}

    async def content(self, uid: Uid) -> Content:
        for message in self.box.messages:
            if message.uid == uid:
                content = FakeContent(message)
                self.box.contents.append(content)
                return content
        raise PermanentError(Reason.NO_SUCH_OBJECT)

    async def store_flags(
        self,
        uids: Sequence[int],
        change: FlagChange,
        flags: int,
        keywords: Sequence[str],
        unchanged_since: int | None = None,
    ) -> Sequence[int]:
        if self.box.failure is not None:
            raise self.box.failure
        assert type(flags) is int
        mask = flags | self.box.keyword_bits(keywords, is_new_allowed=change is not FlagChange.REMOVE)
        self.box.state += 1
        bound = self.box.state if unchanged_since is None else unchanged_since
        named = [message for message in self.box.messages if message.uid in uids]
        for message in named:
            if message.modseq > bound:
                continue
            kept = 0 if change is FlagChange.REPLACE else message.flags & ~mask
            wanted = kept | (0 if change is FlagChange.REMOVE else mask)
            if wanted != message.flags:
                message.flags, message.modseq = wanted, self.box.state
        return [message.uid for message in named if bound < message.modseq < self.box.state]

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

    async def copy(self, uids: Sequence[int], target: str, *, is_move: bool) -> Copies:
        if self.box.failure is not None:
            raise self.box.failure
        box = self.mailboxes.box(target)
        found = [message for message in self.box.messages if message.uid in uids]
        first = box.uid_next
        for message in found:
            copied = box.deliver(message.raw, flags=message.flags)
            copied.received_at_ms = message.received_at_ms
        if is_move and found:
            self.box.remove(*(message.uid for message in found))
        source = [message.uid for message in found]
        return Copies(7, source, list(range(first, first + len(source))))

    def close(self) -> None:
        self.is_closed = True


class FakeFolders:
    """Names are what they are; ``bad`` is none."""

    def __init__(self, mailboxes: "FakeMailboxes") -> None:
        self._mailboxes = mailboxes

    async def create(self, account: AccountId, name: str, special_use: str = "") -> MailboxId:
        name = name.removesuffix("/")
        if name == "bad":
            raise PermanentError(Reason.BAD_SYNTAX)
        if name in self._mailboxes.boxes:
            raise PermanentError(Reason.ALREADY_EXISTS)
        if special_use not in {"", "\\Archive"}:
            raise PermanentError(Reason.UNSUPPORTED)
        box = self._mailboxes.add(name, special_use=special_use)
        return box.info.mailbox or MailboxId(0)

    async def delete(self, account: AccountId, name: str) -> None:
        if name == "INBOX":
            raise PermanentError(Reason.NOT_PERMITTED)
        self._mailboxes.box(name).is_gone = True
        del self._mailboxes.boxes[name]

    async def rename(self, account: AccountId, name: str, new_name: str) -> None:
        box = self._mailboxes.box(name)
        del self._mailboxes.boxes[name]
        box.info = msgspec.structs.replace(box.info, name=new_name)
        self._mailboxes.boxes[new_name] = box

    async def subscribe(self, account: AccountId, name: str, *, is_wanted: bool) -> None:
        box = self._mailboxes.boxes.get(name)
        if box is not None:
            box.info = msgspec.structs.replace(box.info, is_subscribed=is_wanted)


class FakeAppending:
    def __init__(self, box: "FakeMailbox", flags: int, received_at_ms: int) -> None:
        self._box = box
        self._flags = flags
        self._received_at_ms = received_at_ms
        self._pieces: list[bytes] = []
        self.is_aborted = False

    async def write(self, data: bytes) -> None:
        self._pieces.append(data)

    async def finish(self) -> tuple[int, int]:
        if self._box.failure is not None:
            raise self._box.failure
        raw = b"".join(self._pieces)
        message = self._box.deliver(raw, flags=self._flags, received_at_ms=self._received_at_ms)
        return 7, message.uid

    async def abort(self) -> None:
        self.is_aborted = True


class FakeAppends:
    def __init__(self, mailboxes: "FakeMailboxes") -> None:
        self._mailboxes = mailboxes
        self.begun: list[FakeAppending] = []

    async def begin(
        self, account: AccountId, name: str, flags: int, keywords: Sequence[str], received_at_ms: int | None
    ) -> FakeAppending:
        box = self._mailboxes.box(name)
        bits = flags | box.keyword_bits(keywords, is_new_allowed=True)
        self.begun.append(FakeAppending(box, bits, RECEIVED_AT_MS if received_at_ms is None else received_at_ms))
        return self.begun[-1]

    async def copy(self, account: AccountId, view: object, uids: Sequence[int], name: str, *, is_move: bool) -> Copies:
        raise PermanentError(Reason.NOT_PERMITTED, f"account {account}: nobody shares anything with it")


class FakeMailboxes:
    def __init__(self) -> None:
        self.folders = FakeFolders(self)
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
        return self.box(name)

    def box(self, name: str) -> FakeMailbox:
        if self.failure is not None:
            raise self.failure
        try:
            return self.boxes[name]
        except KeyError:
            raise PermanentError(Reason.NO_SUCH_MAILBOX) from None

    async def are_shared(self, account: AccountId) -> bool:
        return False

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
            recent=sum(1 for message in box.messages if message.uid > box.recent_uid),
        )

    async def open(self, account: AccountId, name: str) -> FakeView:
        view = FakeView(self._box(account, name), self)
        self.views.append(view)
        return view

    def watch(self, account: AccountId, notify: Callable[[], None]) -> Callable[[], None]:
        self.watchers.append(notify)
        return lambda: self.watchers.remove(notify)
