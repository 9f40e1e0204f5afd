"""SEARCH TEXT and BODY over the sealed search texts of a mailbox (design section 6).

Texts come sealed one by one at delivery. A search that meets enough of them merges them into chunks of 256, which are
opened fifty times as fast: so the accounts that are searched pay for it, once, and nobody else.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NamedTuple

from skrytka.analysis.fold import fold_query
from skrytka.model.clock import Clock, Random
from skrytka.model.errors import PermanentError, ReasonedError
from skrytka.model.ids import EmailId, MailboxId, UnitId, new_id
from skrytka.store import ranges
from skrytka.store.api import Store
from skrytka.store.commands.texts import MergeTexts
from skrytka.store.seal.keys import AccountKeys, Kind
from skrytka.store.seal.text import MessageText, decode_text
from skrytka.store.seal.text_chunk import CHUNK_BYTES, MESSAGES, TEXT_BYTES, TextChunk, encode_chunk
from skrytka.store.sql import search_text as sql

PLACES_STEP: Final = 500
TEXTS_STEP: Final = 50

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

    async def find(self, uids: Sequence[int], text: str, *, with_header: bool, breathe: Breathe) -> TextMatches:
        """Among ascending UIDs; what cannot be opened counts as unknown."""
        needle = needle_of(text)
        by_chunk, alone = await self._places(uids, breathe)
        matches = TextMatches(set(), [])
        for chunk, members in by_chunk.items():
            await self._in_chunk(chunk, members, needle, matches, with_header=with_header)
            await breathe()
        for start in range(0, len(alone), TEXTS_STEP):
            await self._in_texts(alone[start : start + TEXTS_STEP], needle, matches, with_header=with_header)
            await breathe()
        matches.unknown.sort()
        return matches

    async def _places(
        self, uids: Sequence[int], breathe: Breathe
    ) -> tuple[dict[int, dict[bytes, list[int]]], list[int]]:
        """By chunk: EMAILID -> UIDs; and the UIDs that are in none."""
        wanted = set(uids)
        by_chunk: dict[int, dict[bytes, list[int]]] = {}
        alone: list[int] = []
        for start in range(0, len(uids), PLACES_STEP):
            step = uids[start : start + PLACES_STEP]
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

    async def _in_texts(self, uids: Sequence[int], needle: bytes, matches: TextMatches, *, with_header: bool) -> None:
        missing = set(uids)
        rows = await self._store.read(sql.texts(self._keys.account, self._mailbox, ranges.of(uids)))
        for uid, email_id, sealed in rows:
            if uid not in missing:
                continue
            try:
                text = decode_text(self._keys.open(Kind.TEXT, email_id, sealed))
            except PermanentError:
                continue
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
            unit=UnitId(new_id(self._clock, self._random)),
            account=self._keys.account,
            chunk=number,
            sealed=self._keys.seal(Kind.TEXT, _aad(number), encode_chunk(texts)),
            emails=tuple(email_id for email_id, _ in texts),
        )
        try:
            await self._store.submit(command)
        except ReasonedError:
            return  # the next search tries again; this one has its answer


def needle_of(text: str) -> bytes:
    """What is sought, as texts have it."""
    return fold_query(text).replace("\0", "").encode("utf-8", "replace")


def has_text(text: MessageText, needle: bytes, *, with_header: bool) -> bool:
    """TEXT (``with_header``) or BODY."""
    return needle in text.body or (with_header and needle in text.header)


def _aad(number: int) -> bytes:
    return b"chunk" + number.to_bytes(8, "big")
