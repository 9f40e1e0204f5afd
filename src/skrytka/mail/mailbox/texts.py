"""SEARCH TEXT and BODY over the sealed search texts of a mailbox (design section 6).

Texts come sealed one by one at delivery. A search that meets enough of them merges them into chunks of 128, which are
opened fifty times as fast: so the accounts that are searched pay for it, once, and nobody else. A front does this
itself, in slices of less than a millisecond between which others have their turn (docs/adr/0015-search-in-slices.md).
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Final, NamedTuple

from skrytka.analysis.fold import fold_query
from skrytka.model.clock import Clock, Random
from skrytka.model.errors import PermanentError, ReasonedError
from skrytka.model.ids import EmailId, MailboxId, new_unit
from skrytka.store import ranges
from skrytka.store.api import Store
from skrytka.store.commands.texts import MergeTexts
from skrytka.store.seal.keys import AccountKeys, Kind
from skrytka.store.seal.text import MessageText, decode_text
from skrytka.store.seal.text_chunk import CHUNK_BYTES, MESSAGES, TEXT_BYTES, TextChunk, encode_chunk
from skrytka.store.sql import search_text as sql

PLACES_STEP: Final = 200
TEXTS_STEP: Final = 25
TEXTS_BYTES: Final = 64 * 1024  # that are read, or have been unpacked and looked through, in one slice
CHUNKS_AT_ONCE: Final = 4
INLINE_BYTES: Final = 16 * 1024  # as it is sealed

Breathe = Callable[[], Awaitable[None]]


class TextMatches(NamedTuple):
    """UIDs whose text has the needle, and those without a text, which have to be looked at themselves."""

    found: set[int]
    unknown: list[int]


class SearchTexts:
    """One search in one mailbox."""

    def __init__(self, store: Store, clock: Clock, random: Random, keys: AccountKeys, mailbox: MailboxId) -> None:
        self._store = store
        self._clock = clock
        self._random = random
        self._keys = keys
        self._mailbox = mailbox
        self._waiting: list[tuple[EmailId, MessageText]] = []
        self._waiting_bytes = 0
        self._ready: list[MergeTexts] = []

    async def find(self, uids: Sequence[int], text: str, *, with_header: bool, breathe: Breathe) -> TextMatches:
        """Among ascending UIDs; what cannot be opened counts as unknown."""
        needle = needle_of(text)
        by_chunk, alone = await self._places(uids, breathe)
        matches = TextMatches(set(), [])
        for chunk, members in by_chunk.items():
            await self._in_chunk(chunk, members, needle, matches, with_header=with_header)
            await breathe()
        for start in range(0, len(alone), TEXTS_STEP):
            async for group in self._groups(alone[start : start + TEXTS_STEP]):
                await self._in_texts(group, needle, matches, breathe, with_header=with_header)
                await breathe()
        await self._submit()
        matches.unknown.sort()
        return matches

    async def _places(
        self, uids: Sequence[int], breathe: Breathe
    ) -> tuple[dict[int, dict[bytes, list[int]]], list[int]]:
        """By chunk: EMAILID -> UIDs; and the UIDs that are in none."""
        by_chunk: dict[int, dict[bytes, list[int]]] = {}
        alone: list[int] = []
        for start in range(0, len(uids), PLACES_STEP):
            step = uids[start : start + PLACES_STEP]
            wanted = set(step)
            for uid, email_id, chunk in await self._store.read(
                sql.places(self._keys.account, self._mailbox, step[0], step[-1])
            ):
                if uid not in wanted:
                    continue
                if chunk is None:
                    alone.append(uid)
                else:
                    by_chunk.setdefault(chunk, {}).setdefault(email_id, []).append(uid)
            await breathe()
        return by_chunk, alone

    async def _in_chunk(
        self, number: int, members: dict[bytes, list[int]], needle: bytes, matches: TextMatches, *, with_header: bool
    ) -> None:
        sealed = await self._store.read(sql.chunk(self._keys.account, number))
        try:
            chunk = TextChunk(self._keys.open(Kind.TEXT, _aad(number), sealed or b""))
        except PermanentError:
            for uids in members.values():
                matches.unknown.extend(uids)
            return
        for email_id in chunk.find(needle, with_header=with_header) & members.keys():
            matches.found.update(members[email_id])

    async def _groups(self, uids: Sequence[int]) -> AsyncIterator[list[int]]:
        """Few enough to be read at once: a text may have a megabyte."""
        rows = await self._store.read(sql.text_sizes(self._keys.account, self._mailbox, uids[0], uids[-1]))
        sizes = dict(rows)
        group: list[int] = []
        left = TEXTS_BYTES
        for uid in uids:
            size = sizes.get(uid, 0)
            if group and size > left:
                yield group
                group, left = [], TEXTS_BYTES
            group.append(uid)
            left -= size
        yield group

    async def _in_texts(
        self, uids: Sequence[int], needle: bytes, matches: TextMatches, breathe: Breathe, *, with_header: bool
    ) -> None:
        missing = set(uids)
        work = 0
        rows = await self._store.read(sql.texts(self._keys.account, self._mailbox, ranges.of(uids)))
        for uid, email_id, sealed in rows:
            if uid not in missing:
                continue
            try:
                text = await _decoded(self._keys.open(Kind.TEXT, email_id, sealed))
            except PermanentError:
                continue
            work += len(text.header) + len(text.body)
            if work >= TEXTS_BYTES:
                work = 0
                await breathe()
            missing.discard(uid)
            if has_text(text, needle, with_header=with_header):
                matches.found.add(uid)
            await self._keep(email_id, text)
        matches.unknown.extend(missing)

    async def _keep(self, email_id: EmailId, text: MessageText) -> None:
        """Merge what has come together once it fills a chunk."""
        size = len(text.header) + len(text.body)
        if size > TEXT_BYTES:
            return
        self._waiting.append((email_id, text))
        self._waiting_bytes += size
        if len(self._waiting) == MESSAGES or self._waiting_bytes > CHUNK_BYTES - TEXT_BYTES:
            await self._merge()

    async def _merge(self) -> None:
        texts = list(dict(self._waiting).items())  # a copy of a message shares its text
        self._waiting, self._waiting_bytes = [], 0
        number = int.from_bytes(self._random.token(8), "big") >> 2
        command = MergeTexts(
            unit=new_unit(self._clock, self._random),
            account=self._keys.account,
            chunk=number,
            sealed=self._keys.seal(Kind.TEXT, _aad(number), await asyncio.to_thread(encode_chunk, texts)),
            emails=tuple(email_id for email_id, _ in texts),
        )
        self._ready.append(command)
        if len(self._ready) == CHUNKS_AT_ONCE:
            await self._submit()

    async def _submit(self) -> None:
        """Commands that wait together are one commit; the first search of a large mailbox has a thousand chunks."""
        ready, self._ready = self._ready, []
        answers = await asyncio.gather(*map(self._store.submit, ready), return_exceptions=True)
        for answer in answers:  # the next search tries again what failed; this one has its answer
            if isinstance(answer, BaseException) and not isinstance(answer, ReasonedError):
                raise answer


async def _decoded(plain: bytes) -> MessageText:
    """A long text is unpacked beside the loop; zstd lets go of the interpreter."""
    return decode_text(plain) if len(plain) <= INLINE_BYTES else await asyncio.to_thread(decode_text, plain)


def needle_of(text: str) -> bytes:
    """What is sought, as texts have it."""
    return fold_query(text).replace("\0", "").encode("utf-8", "replace")


def has_text(text: MessageText, needle: bytes, *, with_header: bool) -> bool:
    """TEXT (``with_header``) or BODY."""
    return needle in text.body or (with_header and needle in text.header)


def _aad(number: int) -> bytes:
    return b"chunk" + number.to_bytes(8, "big")
