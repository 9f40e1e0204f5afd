"""Evaluating search keys over sets of messages, the cheap ones first (RFC 9051 6.4.4).

A key maps ascending indexes to those that match. What is in memory is compared at once; rows, summaries and contents
are read in batches. BODY and TEXT ask the view, which looks through the sealed search texts.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import IntEnum

from skrytka.mail.delivery.fields import sent_day
from skrytka.mail.mailbox.types import SUMMARY_FIELDS, MessageRow, Summary
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.flags import FIRST_KEYWORD_BIT, SystemFlag
from skrytka.protocol.imap import format as fmt
from skrytka.protocol.imap.commands import search as s
from skrytka.protocol.imap.dates import day_of
from skrytka.servers.imap import text_match
from skrytka.servers.imap.contents import open_content
from skrytka.servers.imap.selected import Selected
from skrytka.servers.imap.state import ImapSession

MEMORY_BATCH = 2_500
ROWS_BATCH = 200
SUMMARIES_BATCH = 30
VALUES_BATCH = 250
HEADERS_BYTES = 64 * 1024  # looked through at once
INLINE_BYTES = 128 * 1024  # a larger header is looked through in a thread


class _Cost(IntEnum):
    MEMORY = 0
    ROW = 1
    SUMMARY = 2
    CONTENT = 3


def _cost(key: s.Key) -> _Cost:
    match key:
        case s.And(keys=keys):
            return max(_cost(inner) for inner in keys)
        case s.Or(left=left, right=right):
            return max(_cost(left), _cost(right))
        case s.Not(key=inner):
            return _cost(inner)
        case s.TextKey():
            return _Cost.CONTENT
        case s.HeaderKey(name=name):
            return _Cost.SUMMARY if name in SUMMARY_FIELDS else _Cost.CONTENT
        case s.DateKey(field=s.DateField.SENT):
            return _Cost.SUMMARY
        case s.DateKey() | s.SizeKey() | s.ObjectKey():
            return _Cost.ROW
        case _:
            return _Cost.MEMORY


def _compare(comparison: s.Comparison, value: int, bound: int) -> bool:
    match comparison:
        case s.Comparison.BEFORE:
            return value < bound
        case s.Comparison.ON:
            return value == bound
        case s.Comparison.SINCE:
            return value >= bound


class Matcher:
    """One search in the selected mailbox."""

    def __init__(self, session: ImapSession, selected: Selected) -> None:
        self._session = session
        self._selected = selected
        self.has_corrupt = False
        """Some message could not be opened, so it matched nothing that asks for its content."""

    async def find(self, key: s.Key, candidates: Sequence[int]) -> Sequence[int]:
        """Those of the candidates (ascending indexes) that match."""
        if not candidates:
            return candidates
        await self._session.breathe()
        match key:
            case s.And(keys=keys):
                for inner in sorted(keys, key=_cost):
                    candidates = await self.find(inner, candidates)
                return candidates
            case s.Or(left=left, right=right):
                return await self._either(left, right, candidates)
            case s.Not(key=inner):
                gone = await self._marked(await self.find(inner, candidates))
                return await self._chosen(candidates, lambda batch: [index for index in batch if not gone[index]])
            case _:
                return await self._leaf(key, candidates)

    async def _leaf(self, key: s.Key, candidates: Sequence[int]) -> Sequence[int]:
        match key:
            case s.Everything():
                return candidates
            case s.RecentKey():
                return self._selected.recent.among(self._selected.known.uids, candidates)
            case s.FlagKey() | s.KeywordKey():
                return await self._by_bits(key, candidates)
            case s.NumberKey():
                return await self._by_number(key, candidates)
            case s.ModseqKey(modseq=modseq):
                known = self._selected.known.modseqs
                return await self._chosen(candidates, lambda batch: [i for i in batch if known[i] >= modseq])
            case _:
                return await self._by_data(key, candidates)

    async def _either(self, left: s.Key, right: s.Key, candidates: Sequence[int]) -> Sequence[int]:
        if _cost(left) > _cost(right):
            left, right = right, left
        found = await self._marked(await self.find(left, candidates))
        others = await self._chosen(candidates, lambda batch: [index for index in batch if not found[index]])
        await self._mark(found, await self.find(right, others))
        return await self._chosen(candidates, lambda batch: [index for index in batch if found[index]])

    # -- in memory, in slices of less than a millisecond

    async def _chosen(
        self, candidates: Sequence[int], choose: Callable[[Sequence[int]], Sequence[int]]
    ) -> Sequence[int]:
        found: list[int] = []
        for batch in _batches(candidates, MEMORY_BATCH):
            found += choose(batch)
            await self._session.breathe()
        return found

    async def _marked(self, indexes: Sequence[int]) -> bytearray:
        """An octet for each message of the mailbox: 1 for these."""
        marks = bytearray(len(self._selected.known))
        await self._mark(marks, indexes)
        return marks

    async def _mark(self, marks: bytearray, indexes: Sequence[int]) -> None:
        for batch in _batches(indexes, MEMORY_BATCH):
            for index in batch:
                marks[index] = 1
            await self._session.breathe()

    async def _by_bits(self, key: s.FlagKey | s.KeywordKey, candidates: Sequence[int]) -> Sequence[int]:
        flags = self._selected.known.flags
        mask = SystemFlag[key.flag].value if isinstance(key, s.FlagKey) else self._keyword(key.keyword)
        if key.is_set:
            return await self._chosen(candidates, lambda batch: [index for index in batch if flags[index] & mask])
        return await self._chosen(candidates, lambda batch: [index for index in batch if not flags[index] & mask])

    def _keyword(self, keyword: str) -> int:
        wanted = keyword.casefold()
        for bit, name in enumerate(self._selected.known.keywords):
            if name.casefold() == wanted:
                return 1 << (FIRST_KEYWORD_BIT + bit)
        return 0

    async def _by_number(self, key: s.NumberKey, candidates: Sequence[int]) -> Sequence[int]:
        wanted = bytearray(len(self._selected.known))
        for found in self._selected.indexes(key.messages, is_uid=key.is_uid):
            wanted[found.start : found.stop] = b"\1" * len(found)
        return await self._chosen(candidates, lambda batch: [index for index in batch if wanted[index]])

    async def _by_data(self, key: s.Key, candidates: Sequence[int]) -> Sequence[int]:
        match key:
            case s.TextKey():
                return await self._by_text(key, candidates)
            case s.HeaderKey():
                return await self._by_header(key, candidates)
            case s.DateKey(field=s.DateField.SENT):
                return await self._by_summary(candidates, lambda summary: _is_sent(key, summary))
            case _:
                return await self._by_row(candidates, _row_test(key))

    async def _by_text(self, key: s.TextKey, candidates: Sequence[int]) -> Sequence[int]:
        uids = self._selected.known.uids
        matched, unread = await self._selected.view.find_text(
            await self._chosen(candidates, lambda batch: [uids[index] for index in batch]),
            key.text,
            with_header=key.with_header,
            breathe=self._session.breathe,
        )
        self.has_corrupt = self.has_corrupt or bool(unread)
        return await self._chosen(candidates, lambda batch: [index for index in batch if uids[index] in matched])

    async def _by_header(self, key: s.HeaderKey, candidates: Sequence[int]) -> Sequence[int]:
        sought = text_match.sought(key.text)
        if key.name in SUMMARY_FIELDS:
            return await self._by_values(candidates, key.name, sought)
        return await self._by_headers(candidates, key.name, sought)

    async def _by_values(self, candidates: Sequence[int], name: bytes, sought: bytes) -> Sequence[int]:
        """By the folded values of a field, which are kept for the next search."""
        rendering = text_match.values_of(name, self._session.deps.inspector)
        uids, view = self._selected.known.uids, self._selected.view
        found: list[int] = []
        for batch in _batches(candidates, VALUES_BATCH):
            values = await view.rendered([uids[index] for index in batch], rendering, self._session.breathe)
            found += [index for index in batch if sought in values.get(uids[index], b"")]
            missing = [index for index in batch if uids[index] not in values]
            if missing and await self._rows(missing, VALUES_BATCH, with_summary=False):
                self.has_corrupt = True  # it is there, and was reported when it could not be opened
            await self._session.breathe()
        return found

    # -- reading what has to be read

    async def _rows(
        self, candidates: Sequence[int], size: int, *, with_summary: bool
    ) -> "list[tuple[int, MessageRow]]":
        uids = self._selected.known.uids
        rows = await self._selected.view.rows([uids[index] for index in candidates[:size]], with_summary=with_summary)
        by_uid: dict[int, MessageRow] = {row.uid: row for row in rows}
        await self._session.breathe()
        return [(index, by_uid[uids[index]]) for index in candidates[:size] if uids[index] in by_uid]

    async def _by_row(self, candidates: Sequence[int], test: Callable[[MessageRow], bool]) -> Sequence[int]:
        found: list[int] = []
        for batch in _batches(candidates, ROWS_BATCH):
            found += [index for index, row in await self._rows(batch, ROWS_BATCH, with_summary=False) if test(row)]
        return found

    async def _by_summary(self, candidates: Sequence[int], test: Callable[[Summary], bool]) -> Sequence[int]:
        found: list[int] = []
        work = 0
        for batch in _batches(candidates, SUMMARIES_BATCH):
            for index, row in await self._rows(batch, SUMMARIES_BATCH, with_summary=True):
                if row.summary is None:
                    self.has_corrupt = True
                    continue
                if test(row.summary):
                    found.append(index)
                work += row.summary.header_bytes
                if work >= HEADERS_BYTES:  # a batch may hold twelve megabytes of them
                    work = 0
                    await self._session.breathe()
        return found

    async def _by_headers(self, candidates: Sequence[int], name: bytes, sought: bytes) -> Sequence[int]:
        """For fields that no summary has; those of some messages are folded together."""
        found: list[int] = []
        for batch in _batches(candidates, SUMMARIES_BATCH):
            fields: dict[int, bytes] = {}
            for index, row in await self._rows(batch, SUMMARIES_BATCH, with_summary=True):
                data = await self._header(row)
                if data is not None:
                    fields[index] = await _named(data, name)
                if sum(map(len, fields.values())) >= HEADERS_BYTES:
                    found += await self._having(fields, sought)
                    fields.clear()
                await self._session.breathe()
            found += await self._having(fields, sought)
        return found

    async def _having(self, fields: Mapping[int, bytes], sought: bytes) -> Sequence[int]:
        """Those in whose fields it is."""
        values = await text_match.folded_values(list(fields.values()), self._session.deps.inspector)
        self.has_corrupt = self.has_corrupt or None in values
        return [index for index, text in zip(fields, values, strict=True) if text is not None and sought in text]

    async def _header(self, row: MessageRow) -> bytes | None:
        if row.summary is None:
            self.has_corrupt = True
            return None
        try:
            content = await open_content(self._session, row.uid)
            try:
                return await content.read(0, row.summary.header_bytes)
            finally:
                content.close()
        except PermanentError as exc:
            self.has_corrupt = self.has_corrupt or exc.reason is not Reason.NO_SUCH_OBJECT
            return None


async def _named(data: bytes, name: bytes) -> bytes:
    if len(data) > INLINE_BYTES:
        return await asyncio.to_thread(text_match.named_fields, data, name)
    return text_match.named_fields(data, name)


def _batches(candidates: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    for start in range(0, len(candidates), size):
        yield candidates[start : start + size]


def _is_sent(key: s.DateKey, summary: Summary) -> bool:
    """The day is the one that the Date field has, in whatever zone; a zone moves it by one at most."""
    if summary.sent_at_ms is None:
        return False
    day = day_of(summary.sent_at_ms)
    if abs(day - key.day) <= 1:
        written = sent_day(summary.fields.get(b"date", b""))
        day = day if written is None else written
    return _compare(key.comparison, day, key.day)


def _row_test(key: s.Key) -> Callable[[MessageRow], bool]:
    match key:
        case s.DateKey(field=s.DateField.SAVED, comparison=comparison, day=day):
            return lambda row: _compare(comparison, day_of(row.saved_at_ms), day)
        case s.DateKey(comparison=comparison, day=day):
            return lambda row: _compare(comparison, day_of(row.received_at_ms), day)
        case s.SizeKey(comparison=comparison, size_bytes=size):
            return lambda row: _compare(comparison, row.size_bytes, size)
        case s.ObjectKey(object_id=wanted, is_thread=is_thread):
            raw = wanted.encode("ascii", "replace")
            if is_thread:
                return lambda row: fmt.thread_id(row.thread_id) == raw
            return lambda row: fmt.email_id(row.email_id) == raw
        case _:
            raise NotImplementedError(type(key).__name__)
