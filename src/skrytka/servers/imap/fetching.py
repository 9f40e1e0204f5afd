"""FETCH: sealed summaries joined to responses, content read only where octets of it are asked for (RFC 9051 6.4.5).

Work goes in batches of about a millisecond. What cannot be opened is reported and left out, the rest is served.
"""

from collections.abc import Iterator, Sequence
from functools import partial

from skrytka.mail.mailbox.types import FlagChange, MessageRow, Rendering
from skrytka.model.errors import PermanentError, Reason, ReasonedError, TransientError
from skrytka.model.flags import SystemFlag
from skrytka.protocol.imap import format as fmt
from skrytka.protocol.imap.actions import Tagged
from skrytka.protocol.imap.commands.fetch import Fetch, FetchItem
from skrytka.servers.imap import replies
from skrytka.servers.imap.binaries import SmallParts
from skrytka.servers.imap.bodies import BodyWriter
from skrytka.servers.imap.plan import Plan
from skrytka.servers.imap.prefetch import Prefetched, WholeContent
from skrytka.servers.imap.selected import Selected
from skrytka.servers.imap.state import ImapSession

FLAGS_BATCH = 1000
BODY_COST_BYTES = 16 * 1024  # opening a message takes as long as reading so much of it
BREATH_BYTES = 256 * 1024
_SEEN = SystemFlag.SEEN.value
_GONE = frozenset({Reason.NO_SUCH_OBJECT, Reason.NO_SUCH_MAILBOX})  # deleted, or shared no more
_ENDS = frozenset({Reason.INSPECTOR_DOWN, Reason.SHUTTING_DOWN})


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
    step = fetching.batch if plan.rendering is None else partial(fetching.rendered, plan.rendering)
    for indexes in _batches(ranges, plan.batch):
        await step(indexes)
        if fetching.is_over:
            break
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
    known, text = selected.known, selected.flag_texts.text
    for start, stop in _pieces(ranges, FLAGS_BATCH):
        uids, flags = known.uids[start:stop], selected.shown_flags(start, stop)
        texts = {bits: text(bits) for bits in set(flags)}
        if plan.with_modseq:
            lines = [_memory_line(selected, plan, index) for index in range(start, stop)]
        elif plan.with_uid and plan.with_flags:
            numbered = enumerate(zip(uids, flags, strict=True), start + 1)
            lines = [
                b"* %d FETCH (UID %d FLAGS %b)\r\n" % (number, uid, texts[bits]) for number, (uid, bits) in numbered
            ]
        elif plan.with_flags:
            lines = [
                b"* %d FETCH (FLAGS %b)\r\n" % (number, texts[bits]) for number, bits in enumerate(flags, start + 1)
            ]
        else:
            lines = [b"* %d FETCH (UID %d)\r\n" % (number, uid) for number, uid in enumerate(uids, start + 1)]
        await session.write(b"".join(lines))
        await session.breathe()


def _pieces(ranges: Sequence[range], size: int) -> Iterator[tuple[int, int]]:
    for found in ranges:
        for start in range(found.start, found.stop, size):
            yield start, min(start + size, found.stop)


def _memory_line(selected: Selected, plan: Plan, index: int) -> bytes:
    known = selected.known
    parts = [b"MODSEQ (%d)" % known.modseqs[index]]
    if plan.with_flags:
        parts.insert(0, b"FLAGS " + selected.flags_text(index))
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
        self.is_over = False
        """No inspector came: the messages that follow would wait for one too."""
        self._work = 0

    async def rendered(self, rendering: Rendering, indexes: list[int]) -> None:
        """All but what the session has in memory is remembered, or made and remembered."""
        plan, selected = self.plan, self.selected
        uids = [selected.known.uids[i] for i in indexes]
        texts = await selected.view.rendered(uids, rendering, self.session.breathe)
        missing = [i for i, uid in zip(indexes, uids, strict=True) if uid not in texts]
        if missing:
            indexes = [i for i, uid in zip(indexes, uids, strict=True) if uid in texts]
            uids = [selected.known.uids[i] for i in indexes]
        there = zip(indexes, uids, strict=True)
        first = indexes[0] if indexes else 0
        flags, text = selected.shown_flags(first, indexes[-1] + 1 if indexes else 0), selected.flag_texts.text
        if plan.with_modseq:
            out = [b"* %d FETCH (%b %b)\r\n" % (i + 1, self._memory_parts(i), texts[uid]) for i, uid in there]
        elif plan.with_flags and plan.with_uid:
            line = b"* %d FETCH (UID %d FLAGS %b %b)\r\n"
            out = [line % (i + 1, uid, text(flags[i - first]), texts[uid]) for i, uid in there]
        elif plan.with_flags:
            out = [b"* %d FETCH (FLAGS %b %b)\r\n" % (i + 1, text(flags[i - first]), texts[uid]) for i, uid in there]
        elif plan.with_uid:
            out = [b"* %d FETCH (UID %d %b)\r\n" % (i + 1, uid, texts[uid]) for i, uid in there]
        else:
            out = [b"* %d FETCH (%b)\r\n" % (i + 1, texts[uid]) for i, uid in there]
        await self.session.write(b"".join(out))
        if missing:
            await self._told_missing(missing)

    def _memory_parts(self, index: int) -> bytes:
        plan, known = self.plan, self.selected.known
        parts: list[bytes] = [b"UID %d" % known.uids[index]] if plan.with_uid else []
        if plan.with_flags:
            parts.append(b"FLAGS " + self.selected.flags_text(index))
        parts.append(b"MODSEQ (%d)" % known.modseqs[index])
        return b" ".join(parts)

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
            flags = b" FLAGS " + self.selected.flags_text(index)
            await self.session.write(
                b"* %d FETCH (UID %d%b)\r\n" % (index + 1, uid, flags if self.plan.with_flags else b"")
            )

    async def batch(self, indexes: list[int]) -> None:
        plan, selected = self.plan, self.selected
        seen_now = await self._mark_seen(indexes) if plan.sets_seen and not selected.is_read_only else frozenset()
        uids = selected.known.uids
        rows = await selected.view.rows([uids[index] for index in indexes], with_summary=plan.needs_summary)
        by_uid: dict[int, MessageRow] = {row.uid: row for row in rows}
        undone = SmallParts(self.session.deps.inspector, rows, plan.bodies) if plan.has_binary else None
        contents = Prefetched(
            selected.view, rows if plan.reads_content else (), undone.prepare if undone is not None else None
        )
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
                octets = await self._with_bodies(index, row, parts, out, whole, undone)
            await self._pace(out, octets)
            if self.is_over:
                break
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
            parts.append(b"FLAGS " + self.selected.flags_text(index))
        if plan.with_modseq or (is_told and self.session.has_condstore):
            parts.append(b"MODSEQ (%d)" % known.modseqs[index])
        parts += [make(row) for make in plan.from_row]
        if plan.needs_summary and row.summary is None:
            self.answer = replies.MESSAGES_CORRUPT  # the view has reported it
            return parts or [b"UID %d" % row.uid]
        if row.summary is not None:
            parts += [make(row) for make in plan.from_summary]
        return parts

    async def _with_bodies(
        self,
        index: int,
        row: MessageRow,
        parts: list[bytes],
        out: list[bytes],
        whole: bytes | None,
        undone: SmallParts | None,
    ) -> int:
        """Items that need octets of the message, behind ``out``, what is not sent yet. How many octets they had."""
        out.append(b"* %d FETCH (" % (index + 1))
        out.append(b" ".join(parts))
        content = None if whole is None else WholeContent(whole)
        writer = BodyWriter(self.session, row, out, content=content, undone=undone, is_first=not parts)
        try:
            for item in self.plan.bodies:
                await writer.item(item)
        except TransientError as exc:
            self.answer = replies.for_error(exc)
            self.is_over = exc.reason in _ENDS
        except PermanentError as exc:
            if exc.reason in _GONE:
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
        expected = known.flags[:]
        for index in indexes:
            expected[index] |= _SEEN
        await self.session.write(b"".join(await selected.changes(may_expunge=False, expected=expected)))
        return frozenset(unseen)
