"""One mailbox opened by one session."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Final, cast

from skrytka.mail.mailbox.content import find, open_content
from skrytka.mail.mailbox.copying import Copier
from skrytka.mail.mailbox.keywords import Keywords
from skrytka.mail.mailbox.opened import MailboxDeps, OpenMailbox
from skrytka.mail.mailbox.packs import Packs
from skrytka.mail.mailbox.recent import RecentMarks
from skrytka.mail.mailbox.texts import SearchTexts, TextMatches, has_text, needle_of
from skrytka.mail.mailbox.types import (
    Content,
    Copies,
    Depth,
    FlagChange,
    MailboxInfo,
    MessageRow,
    Rendering,
    Snapshot,
    Summary,
)
from skrytka.mail.mailbox.unread_text import read_text
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.events import MessageCorrupt, MessageExpunged
from skrytka.model.flags import SystemFlag
from skrytka.model.ids import State, Uid, UnitId, new_unit
from skrytka.store import ranges
from skrytka.store.commands.messages import Expunge, StoreFlags
from skrytka.store.rows import MessageRow as StoredRow
from skrytka.store.seal.blob import open_small
from skrytka.store.seal.keys import AccountKeys, Kind
from skrytka.store.seal.summary import decode_head, decode_summary
from skrytka.store.seal.text import MessageText
from skrytka.store.sql import messages as sql

_SUMMARIES: Final = 30  # read at once
_BREATH_BYTES: Final = 64 * 1024  # of headers that are taken apart: about 5 ms
_GAP_MAX: Final = 8  # UIDs that are read along in vain rather than asked for around
ALL_FLAGS: Final = -1
_DELETED: Final = SystemFlag.DELETED.value
_FLAGS_PIECE: Final = 5_000  # messages of one command: it keeps the store's writer for 50 ms at most
_PIECE: Final = 2_000


class MailboxView:
    """``servers.imap.deps.View``."""

    def __init__(
        self,
        deps: MailboxDeps,
        shared: OpenMailbox,
        marks: RecentMarks,
        info: MailboxInfo,
        uid_validity: int,
        release: Callable[[], None],
    ) -> None:
        self.info = info
        self.uid_validity = uid_validity
        self._deps = deps
        self._shared = shared
        self._marks = marks
        self._release: Callable[[], None] | None = release
        self._keywords = Keywords(deps.store, deps.clock, deps.random)
        self._packs = Packs(deps.store, deps.clock, deps.random, shared.mailbox)

    async def snapshot(self) -> Snapshot:
        """As ``View.snapshot``."""
        return await self._shared.snapshot()

    @property
    def recent_uid(self) -> int:
        """As ``View.recent_uid``."""
        return self._shared.recent_uid

    async def claim_recent(self, uid: int) -> int:
        """As ``View.claim_recent``."""
        before = self._claim(uid)
        if before >= uid:
            return before
        return max(before, await self._marks.claim(self._shared.account, self._shared.mailbox, uid))

    def claim_recent_soon(self, uid: int) -> int:
        """As ``View.claim_recent_soon``."""
        before = self._claim(uid)
        if before < uid:
            self._marks.later(self._shared.account, self._shared.mailbox, uid)
        return before

    def _claim(self, uid: int) -> int:
        before = self._shared.recent_uid
        self._shared.recent_uid = max(before, uid)
        return before

    async def rows(self, uids: Sequence[int], *, with_summary: bool) -> Sequence[MessageRow]:
        """As ``View.rows``: one read, summaries opened in one go (3 µs each)."""
        wanted = set(uids)
        where = (self._shared.account, self._shared.mailbox, _near_ranges(wanted))
        if not with_summary:
            return [_row(row, None) for row in await self._deps.store.read(sql.by_uids(*where)) if row.uid in wanted]
        keys = await self._deps.keys.account(self._shared.account)
        found = await self._deps.store.read(sql.rows_and_summaries(*where))
        return [_row(row, self._open_summary(keys, row, sealed)) for row, sealed in found if row.uid in wanted]

    async def rendered(
        self, uids: Sequence[int], rendering: Rendering, breathe: Callable[[], Awaitable[None]]
    ) -> Mapping[int, bytes]:
        """As ``View.rendered``."""
        shared, key = self._shared, rendering.key
        known = shared.rendered.get(shared.account, shared.mailbox, key)
        missing = [uid for uid in uids if uid not in known]
        if not missing:
            return known
        found = {} if len(missing) == len(uids) else {uid: known[uid] for uid in uids if uid in known}
        keys = await self._deps.keys.account(shared.account)
        packed = await self._packs.texts(keys, key, missing)
        if packed:
            shared.rendered.put(shared.account, shared.mailbox, key, packed)
            found.update(packed)
            missing = [uid for uid in missing if uid not in packed]
            await breathe()
        for start in range(0, len(missing), _SUMMARIES):
            made = dict(await self._rendered(missing[start : start + _SUMMARIES], rendering, breathe))
            if rendering.refine is not None:
                refined = zip(made, await rendering.refine(list(made.values())), strict=True)
                made = {uid: text for uid, text in refined if text is not None}
            shared.rendered.put(shared.account, shared.mailbox, key, made)
            found.update(made)
            await breathe()
        if missing and shared.latest is not None:
            known = shared.rendered.get(shared.account, shared.mailbox, key)
            await self._packs.made(keys, key, missing, known, shared.latest)
        return found

    async def _rendered(
        self, uids: Sequence[int], rendering: Rendering, breathe: Callable[[], Awaitable[None]]
    ) -> list[tuple[int, bytes]]:
        """A header may have a megabyte, so others get their turn by the length of what is opened."""
        if rendering.depth is Depth.NOTHING:
            return [(row.uid, rendering.make(row)) for row in await self.rows(uids, with_summary=False)]
        deps, shared = self._deps, self._shared
        keys = await deps.keys.account(shared.account)
        wanted = set(uids)
        made: list[tuple[int, bytes]] = []
        decode = cast("Callable[[bytes], Summary]", decode_head if rendering.depth is Depth.HEAD else decode_summary)
        work = 0
        where = (shared.account, shared.mailbox, _near_ranges(wanted))
        for uid, size, received, saved, email_id, thread_id, sealed in await deps.store.read(
            sql.facts_and_summaries(*where)
        ):
            if uid not in wanted:
                continue
            try:
                summary = decode(keys.open(Kind.SUMMARY, email_id, sealed or b""))
            except PermanentError as exc:
                self._report(Uid(uid), exc)
                continue
            row = MessageRow(
                uid=Uid(uid),
                size_bytes=size,
                received_at_ms=received,
                saved_at_ms=saved,
                email_id=email_id,
                thread_id=thread_id,
                summary=summary,
            )
            made.append((uid, rendering.make(row)))
            work += summary.header_bytes
            if work >= _BREATH_BYTES:
                work = 0
                await breathe()
        return made

    async def find_text(
        self, uids: Sequence[int], text: str, *, with_header: bool, breathe: Callable[[], Awaitable[None]]
    ) -> TextMatches:
        """As ``View.find_text``: by the sealed texts; a message without one is read by an inspector."""
        deps, shared = self._deps, self._shared
        keys = await deps.keys.account(shared.account)
        search = SearchTexts(deps.store, deps.clock, deps.random, keys, shared.mailbox)
        matches = await search.find(uids, text, with_header=with_header, breathe=breathe)
        unread: list[int] = []
        for uid in matches.unknown:
            await breathe()
            try:
                if has_text(await self._read_text(Uid(uid)), needle_of(text), with_header=with_header):
                    matches.found.add(uid)
            except PermanentError as exc:
                unread += [] if exc.reason is Reason.NO_SUCH_OBJECT else [uid]
        return TextMatches(matches.found, unread)

    async def _read_text(self, uid: Uid) -> MessageText:
        content = await self.content(uid)  # reports damage itself
        try:
            return await read_text(content, self._deps.inspector)
        except PermanentError as exc:
            self._report(uid, exc)
            raise
        finally:
            content.close()

    async def wholes(self, uids: Sequence[int]) -> Mapping[int, bytes]:
        """As ``View.wholes``: one read for all."""
        deps, shared = self._deps, self._shared
        keys = await deps.keys.account(shared.account)
        rows = await deps.store.read(sql.whole_sealed(shared.account, shared.mailbox, ranges.of(uids)))
        found: dict[int, bytes] = {}
        for uid, email_id, blob_id, wrapped_key, sealed_prefix, stored in rows:
            try:
                prefix = keys.open(Kind.PREFIX, email_id, sealed_prefix)
                whole = open_small(stored, blob_id, keys.unwrap_blob_key(blob_id, email_id, wrapped_key))
            except PermanentError:
                continue  # asked for by itself it is reported
            if whole is not None:
                found[uid] = prefix + whole
        return found

    async def content(self, uid: Uid) -> Content:
        """As ``View.content``."""
        shared = self._shared
        keys = await self._deps.keys.account(shared.account)
        row, blob_row = await self._deps.store.read(find(shared.account, shared.mailbox, uid))
        try:
            return open_content(keys, row, blob_row, self._deps.blobs)
        except PermanentError as exc:
            self._report(uid, exc)
            raise

    async def store_flags(
        self,
        uids: Sequence[int],
        change: FlagChange,
        flags: int,
        keywords: Sequence[str],
        unchanged_since: int | None = None,
        *,
        allowed: int = ALL_FLAGS,
    ) -> Sequence[int]:
        """As ``View.store_flags``; flags that are not among ``allowed`` stay as they are."""
        wanted, epoch = flags, None
        if keywords:
            keys = await self._deps.keys.account(self._shared.account)
            are_needed = change is not FlagChange.REMOVE
            found, epoch = await self._keywords.bits(keys, keywords, are_needed=are_needed)
            wanted |= found
        remove = allowed & {FlagChange.REPLACE: ALL_FLAGS, FlagChange.ADD: 0, FlagChange.REMOVE: wanted}[change]
        add = 0 if change is FlagChange.REMOVE else wanted & allowed
        modified: list[int] = []
        try:
            for piece in ranges.pieces(uids, _FLAGS_PIECE):
                answer = await self._deps.store.submit(
                    StoreFlags(
                        unit=self._unit(),
                        account=self._shared.account,
                        mailbox=self._shared.mailbox,
                        uids=piece,
                        add=add,
                        remove=remove,
                        unchanged_since=None if unchanged_since is None else State(unchanged_since),
                        keyword_epoch=epoch,
                    )
                )
                self._shared.stored(answer, add, remove)
                modified += [uid for low, high in answer.modified for uid in range(low, high + 1)]
        finally:
            self._shared.mark_stale()
        return modified

    async def expunge(self, uids: Sequence[int] | None) -> None:
        """As ``View.expunge``."""
        self._shared.mark_stale()
        snapshot = await self._shared.snapshot()
        account, mailbox = self._shared.account, self._shared.mailbox
        count = 0
        try:
            for piece in _to_expunge(snapshot, uids):
                answer = await self._deps.store.submit(
                    Expunge(unit=self._unit(), account=account, mailbox=mailbox, uids=piece, only_deleted=True)
                )
                count += sum(high - low + 1 for low, high in answer.uids)
        finally:
            self._shared.mark_stale()
            if count:
                self._deps.events.emit(MessageExpunged(account=account, mailbox=mailbox, count=count))

    async def copy(self, uids: Sequence[int], target: str, *, is_move: bool) -> Copies:
        """As ``View.copy``."""
        deps, shared = self._deps, self._shared
        copier = Copier(deps.store, deps.events, deps.clock, deps.random)
        keys = await deps.keys.account(shared.account)
        try:
            return await copier.run(keys, shared.mailbox, uids, target, is_move=is_move)
        finally:
            shared.mark_stale()

    def close(self) -> None:
        """May be called twice."""
        release, self._release = self._release, None
        if release is not None:
            release()

    def _open_summary(self, keys: AccountKeys, row: StoredRow, sealed: bytes | None) -> Summary | None:
        try:
            if sealed is None:
                raise PermanentError(Reason.CORRUPT, "no content row")
            return decode_summary(keys.open(Kind.SUMMARY, row.email_id, sealed))
        except PermanentError as exc:
            self._report(row.uid, exc)
            return None

    def _report(self, uid: Uid, exc: PermanentError) -> None:
        account, mailbox = self._shared.account, self._shared.mailbox
        self._deps.events.emit(MessageCorrupt(account=account, mailbox=mailbox, uid=uid, detail=exc.detail))

    def _unit(self) -> UnitId:
        return new_unit(self._deps.clock, self._deps.random)


def _to_expunge(snapshot: Snapshot, uids: Sequence[int] | None) -> Iterator[ranges.Ranges]:
    """What is marked deleted, in pieces; of all of it each piece is one range, since the command passes over the rest.

    Of some UIDs only these may go, whatever another session marks meanwhile.
    """
    marked = [uid for uid, flags in zip(snapshot.uids, snapshot.flags, strict=True) if flags & _DELETED]
    if uids is not None:
        yield from ranges.pieces(frozenset(uids).intersection(marked), _PIECE)
        return
    for start in range(0, len(marked), _PIECE):
        piece = marked[start : start + _PIECE]
        yield ((piece[0], piece[-1]),)


def _near_ranges(uids: set[int]) -> ranges.Ranges:
    """Ranges that hold all UIDs and few others: each range is a statement."""
    found: list[tuple[int, int]] = []
    for uid in sorted(uids):
        if found and uid - found[-1][1] <= _GAP_MAX:
            found[-1] = (found[-1][0], uid)
        else:
            found.append((uid, uid))
    return tuple(found)


def _row(row: StoredRow, summary: Summary | None) -> MessageRow:
    return MessageRow(
        uid=row.uid,
        size_bytes=row.size,
        received_at_ms=row.received_at_ms,
        saved_at_ms=row.saved_at_ms,
        email_id=row.email_id,
        thread_id=row.thread_id,
        summary=summary,
    )
