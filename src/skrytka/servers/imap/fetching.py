"""FETCH: sealed summaries joined to responses, content read only where octets of it are asked for (RFC 9051 6.4.5).

Work goes in batches of about a millisecond. What cannot be opened is reported and left out, the rest is served.
"""

from collections.abc import Callable, Iterator, Sequence

from skrytka.mail.mailbox.types import FlagChange, Head, MessageRow, SystemFlag
from skrytka.model.errors import PermanentError, Reason, ReasonedError, TransientError
from skrytka.protocol.imap import format as fmt
from skrytka.protocol.imap.actions import Tagged
from skrytka.protocol.imap.commands.fetch import BinaryItem, BodyItem, Fetch, FetchItem
from skrytka.protocol.imap.dates import format_date_time
from skrytka.servers.imap import replies, sections
from skrytka.servers.imap.bodies import BodyWriter
from skrytka.servers.imap.prefetch import Prefetched, WholeContent
from skrytka.servers.imap.selected import Selected
from skrytka.servers.imap.state import ImapSession

FLAGS_BATCH = 1000
ROWS_BATCH = 200
SUMMARIES_BATCH = 50
CONTENT_BATCH = 50
BODY_COST_BYTES = 16 * 1024  # opening a message takes as long as reading so much of it
BREATH_BYTES = 256 * 1024
_SEEN = SystemFlag.SEEN.value

_FROM_ROW: dict[FetchItem, Callable[[MessageRow], bytes]] = {
    FetchItem.INTERNALDATE: lambda row: b"INTERNALDATE " + format_date_time(row.received_at_ms),
    FetchItem.SIZE: lambda row: b"RFC822.SIZE %d" % row.size_bytes,
    FetchItem.SAVEDATE: lambda row: b"SAVEDATE " + format_date_time(row.saved_at_ms),
    FetchItem.EMAILID: lambda row: b"EMAILID (%b)" % fmt.email_id(row.email_id),
    FetchItem.THREADID: lambda row: b"THREADID (%b)" % fmt.thread_id(row.thread_id),
}
_FROM_SUMMARY: dict[FetchItem, Callable[[Head], bytes]] = {
    FetchItem.ENVELOPE: lambda summary: b"ENVELOPE " + summary.envelope,
    FetchItem.BODY: lambda summary: b"BODY " + summary.body,
    FetchItem.BODYSTRUCTURE: lambda summary: b"BODYSTRUCTURE " + summary.bodystructure,
}


class Plan:
    """What a FETCH needs, found once for all its messages."""

    __slots__ = (
        "bodies",
        "from_row",
        "from_summary",
        "sets_seen",
        "whole_label",
        "with_flags",
        "with_modseq",
        "with_uid",
    )

    def __init__(self, command: Fetch, *, has_condstore: bool) -> None:
        items = command.items
        self.with_modseq = FetchItem.MODSEQ in items or (has_condstore and FetchItem.FLAGS in items)
        self.with_uid = FetchItem.UID in items
        self.with_flags = FetchItem.FLAGS in items
        self.from_row = [_FROM_ROW[item] for item in items if isinstance(item, FetchItem) and item in _FROM_ROW]
        self.from_summary = [
            _FROM_SUMMARY[item] for item in items if isinstance(item, FetchItem) and item in _FROM_SUMMARY
        ]
        self.bodies = [item for item in items if isinstance(item, BodyItem | BinaryItem)]
        self.whole_label = self._whole_label()
        self.sets_seen = any(not item.is_peek for item in self.bodies)

    @property
    def is_heads_only(self) -> bool:
        """Nothing but what the session has in memory and the IMAP text of summaries."""
        return bool(self.from_summary) and not (self.from_row or self.bodies)

    def _whole_label(self) -> bytes:
        """Of the one item that asks for all octets, if there is no other."""
        (item, *others) = self.bodies or (None,)
        is_whole = isinstance(item, BodyItem) and item.section == sections.WHOLE and item.partial is None
        return item.label if item is not None and is_whole and not others else b""

    @property
    def reads_content(self) -> bool:
        """Whether octets of every message will be asked for, whatever its structure."""
        return any(isinstance(item, BodyItem) and item.section == sections.WHOLE for item in self.bodies)

    @property
    def is_flags_only(self) -> bool:
        """Nothing but what the session has in memory."""
        return not (self.from_row or self.from_summary or self.bodies)

    @property
    def needs_summary(self) -> bool:
        if self.from_summary:
            return True
        return any(isinstance(item, BinaryItem) or item.section != sections.WHOLE for item in self.bodies)

    @property
    def batch(self) -> int:
        if self.bodies:
            return CONTENT_BATCH
        return SUMMARIES_BATCH if self.from_summary else ROWS_BATCH


async def fetch(session: ImapSession, command: Fetch) -> Tagged:
    selected = session.mailbox
    if FetchItem.MODSEQ in command.items:
        await session.enable_condstore()
    plan = Plan(command, has_condstore=session.has_condstore)
    ranges: Sequence[range] = selected.indexes(command.messages, is_uid=command.is_uid)
    if command.changed_since is not None:
        ranges = _changed_since(selected, ranges, command.changed_since)
    if plan.is_flags_only:
        await _flags(session, selected, plan, ranges)
        return replies.ok("done")
    fetching = _Fetching(session, selected, plan)
    step = fetching.heads if plan.is_heads_only else fetching.batch
    for indexes in _batches(ranges, plan.batch):
        await step(indexes)
        await session.breathe()
    if command.is_uid and fetching.answer is replies.MESSAGES_GONE:
        return replies.ok("done")  # RFC 9051 6.4.9: a UID that does not exist is passed over
    return fetching.answer


def _changed_since(selected: Selected, ranges: Sequence[range], since: int) -> Sequence[range]:
    """RFC 7162 3.1.4.1."""
    modseqs = selected.known.modseqs
    return [range(index, index + 1) for found in ranges for index in found if modseqs[index] > since]


def _batches(ranges: Sequence[range], size: int) -> Iterator[list[int]]:
    batch: list[int] = []
    for found in ranges:
        for start in range(found.start, found.stop, size):
            batch += range(start, min(start + size, found.stop))
            if len(batch) >= size:
                yield batch
                batch = []
    if batch:
        yield batch


async def _flags(session: ImapSession, selected: Selected, plan: Plan, ranges: Sequence[range]) -> None:
    uids, flags, text = selected.known.uids, selected.known.flags, selected.flag_texts.text
    for indexes in _batches(ranges, FLAGS_BATCH):
        if plan.with_modseq:
            lines = [_memory_line(selected, plan, index) for index in indexes]
        elif plan.with_uid and plan.with_flags:
            lines = [b"* %d FETCH (UID %d FLAGS %b)\r\n" % (i + 1, uids[i], text(flags[i])) for i in indexes]
        elif plan.with_flags:
            lines = [b"* %d FETCH (FLAGS %b)\r\n" % (i + 1, text(flags[i])) for i in indexes]
        else:
            lines = [b"* %d FETCH (UID %d)\r\n" % (i + 1, uids[i]) for i in indexes]
        await session.write(b"".join(lines))
        await session.breathe()


def _memory_line(selected: Selected, plan: Plan, index: int) -> bytes:
    known = selected.known
    parts = [b"MODSEQ (%d)" % known.modseqs[index]]
    if plan.with_flags:
        parts.insert(0, b"FLAGS " + selected.flag_texts.text(known.flags[index]))
    if plan.with_uid:
        parts.insert(0, b"UID %d" % known.uids[index])
    return b"* %d FETCH (%b)\r\n" % (index + 1, b" ".join(parts))


class _Fetching:
    """One FETCH in progress; ``answer`` gets worse when something could not be sent."""

    def __init__(self, session: ImapSession, selected: Selected, plan: Plan) -> None:
        self.session = session
        self.selected = selected
        self.plan = plan
        self.answer = replies.ok("done")
        self._work = 0

    async def heads(self, indexes: list[int]) -> None:
        """The fields of summaries alone."""
        plan, selected = self.plan, self.selected
        known = selected.known
        heads = await selected.view.heads([known.uids[index] for index in indexes])
        if len(plan.from_summary) == 1 and not (plan.with_uid or plan.with_flags or plan.with_modseq):
            make = plan.from_summary[0]
            uids = known.uids
            out = [b"* %d FETCH (%b)\r\n" % (i + 1, make(heads[uids[i]])) for i in indexes if uids[i] in heads]
        else:
            out = [
                b"* %d FETCH (%b)\r\n" % (i + 1, b" ".join(self._head_parts(i, heads[known.uids[i]])))
                for i in indexes
                if known.uids[i] in heads
            ]
        await self.session.write(b"".join(out))
        if len(out) < len(indexes):
            await self._told_missing([index for index in indexes if known.uids[index] not in heads])

    def _head_parts(self, index: int, head: Head) -> list[bytes]:
        plan, known = self.plan, self.selected.known
        parts: list[bytes] = [b"UID %d" % known.uids[index]] if plan.with_uid else []
        if plan.with_flags:
            parts.append(b"FLAGS " + self.selected.flag_texts.text(known.flags[index]))
        if plan.with_modseq:
            parts.append(b"MODSEQ (%d)" % known.modseqs[index])
        return parts + [make(head) for make in plan.from_summary]

    async def _told_missing(self, indexes: list[int]) -> None:
        """What has no summary is gone, or damaged and told by what is left of it."""
        uids = self.selected.known.uids
        there = {row.uid for row in await self.selected.view.rows([uids[i] for i in indexes], with_summary=False)}
        for index in indexes:
            uid = uids[index]
            if uid not in there:
                self.answer = replies.MESSAGES_GONE
                continue
            self.answer = replies.MESSAGES_CORRUPT
            flags = b" FLAGS " + self.selected.flag_texts.text(self.selected.known.flags[index])
            await self.session.write(
                b"* %d FETCH (UID %d%b)\r\n" % (index + 1, uid, flags if self.plan.with_flags else b"")
            )

    async def batch(self, indexes: list[int]) -> None:
        plan, selected = self.plan, self.selected
        seen_now = await self._mark_seen(indexes) if plan.sets_seen and not selected.is_read_only else frozenset()
        uids = selected.known.uids
        rows = await selected.view.rows([uids[index] for index in indexes], with_summary=plan.needs_summary)
        by_uid: dict[int, MessageRow] = {row.uid: row for row in rows}
        contents = Prefetched(selected.view, rows if plan.reads_content else ())
        out: list[bytes] = []
        for index in indexes:
            row = by_uid.get(uids[index])
            if row is None:
                self.answer = replies.MESSAGES_GONE
                continue
            parts = self._short_parts(index, row, is_told=row.uid in seen_now)
            if not plan.bodies or (plan.needs_summary and row.summary is None):
                out.append(b"* %d FETCH (%b)\r\n" % (index + 1, b" ".join(parts)))
                continue
            whole = await contents.take(row.uid)
            if whole is not None and plan.whole_label:
                parts.append(b"%b {%d}\r\n" % (plan.whole_label, len(whole)))
                out += (b"* %d FETCH (" % (index + 1), b" ".join(parts), fmt.without_nul(whole), b")\r\n")
                octets = len(whole)
            else:
                octets = await self._with_bodies(index, row, parts, out, whole)
            await self._pace(out, octets)
        await self.session.write(b"".join(out))

    async def _pace(self, out: list[bytes], octets: int) -> None:
        """Few bodies are in memory at a time, and others get their turn after about a millisecond."""
        self._work += octets + BODY_COST_BYTES
        if self._work >= BREATH_BYTES:
            self._work = 0
            await self.session.write(b"".join(out))
            out.clear()
            await self.session.breathe()

    def _short_parts(self, index: int, row: MessageRow, *, is_told: bool) -> list[bytes]:
        plan, known = self.plan, self.selected.known
        parts: list[bytes] = []
        if plan.with_uid:
            parts.append(b"UID %d" % row.uid)
        if plan.with_flags or is_told:
            parts.append(b"FLAGS " + self.selected.flag_texts.text(known.flags[index]))
        if plan.with_modseq or (is_told and self.session.has_condstore):
            parts.append(b"MODSEQ (%d)" % known.modseqs[index])
        parts += [make(row) for make in plan.from_row]
        if plan.needs_summary and row.summary is None:
            self.answer = replies.MESSAGES_CORRUPT  # the view has reported it
            return parts or [b"UID %d" % row.uid]
        if row.summary is not None:
            summary = row.summary
            parts += [join(summary) for join in plan.from_summary]
        return parts

    async def _with_bodies(
        self, index: int, row: MessageRow, parts: list[bytes], out: list[bytes], whole: bytes | None
    ) -> int:
        """Items that need octets of the message, behind ``out``, what is not sent yet. How many octets they had."""
        out.append(b"* %d FETCH (" % (index + 1))
        out.append(b" ".join(parts))
        content = None if whole is None else WholeContent(whole)
        writer = BodyWriter(self.session, row, out, content=content, is_first=not parts)
        try:
            for item in self.plan.bodies:
                await writer.item(item)
        except TransientError as exc:
            self.answer = replies.for_error(exc)
        except PermanentError as exc:
            if exc.reason is Reason.NO_SUCH_OBJECT:
                self.answer = replies.MESSAGES_GONE
            else:
                self.answer = replies.MESSAGES_CORRUPT
        finally:
            writer.close()
        if writer.is_first:
            out.append(b"UID %d" % row.uid)  # a response has one item at least
        if writer.has_unknown_encoding:
            self.answer = replies.UNKNOWN_ENCODING
        out.append(b")\r\n")
        return writer.octets

    async def _mark_seen(self, indexes: list[int]) -> frozenset[int]:
        """BODY[] sets the flag Seen (RFC 9051 6.4.5); trouble with it does not keep the mail from its reader."""
        selected = self.selected
        known = selected.known
        unseen = [known.uids[index] for index in indexes if not known.flags[index] & _SEEN]
        if not unseen:
            return frozenset()
        try:
            await selected.view.store_flags(unseen, FlagChange.ADD, _SEEN, ())
        except ReasonedError:
            return frozenset()
        expected = {known.uids[i]: known.flags[i] | _SEEN for i in indexes}
        await self.session.write(b"".join(await selected.changes(may_expunge=False, expected=expected)))
        return frozenset(unseen)
