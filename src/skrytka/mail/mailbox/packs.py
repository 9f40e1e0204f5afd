"""What was made of messages, kept sealed in the store by 256 UIDs: forty records are opened instead of 10,000.

Made by whoever lists a large mailbox for the first time, as the store's cache; a message that leaves the mailbox takes
its pack along (``store.sql.packs``).
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Final

from skrytka.mail.mailbox.types import Snapshot
from skrytka.model.clock import Clock, Random
from skrytka.model.errors import PermanentError, ReasonedError
from skrytka.model.ids import AccountId, MailboxId, new_unit
from skrytka.store.api import Store
from skrytka.store.commands.packs import KINDS_MAX, Pack, PutPacks
from skrytka.store.seal.keys import AccountKeys, Kind, MacKind
from skrytka.store.seal.pack import PLAIN_MAX_BYTES, decode_pack, encode_pack
from skrytka.store.sql import packs as sql

FEWEST: Final = 64  # of fewer messages none is made
FEWEST_WANTED: Final = 8  # for fewer none is opened
AT_ONCE: Final = 4  # packs of one command
_FORM: Final = b"1 "  # of what is made: another number lets all packs of earlier releases lie


class Packs:
    """Of one mailbox; each view has its own."""

    def __init__(self, store: Store, clock: Clock, random: Random, mailbox: MailboxId) -> None:
        self._store = store
        self._clock = clock
        self._random = random
        self._mailbox = mailbox
        self._waiting: dict[bytes, list[Pack]] = {}

    async def texts(self, keys: AccountKeys, key: bytes, uids: Sequence[int]) -> dict[int, bytes]:
        """Those of ascending UIDs, and others of their packs, that packs have."""
        found: dict[int, bytes] = {}
        kind = _kind(keys, key)
        for low, count in _lows(uids).items():
            if count < FEWEST_WANTED:
                continue
            sealed = await self._store.read(sql.pack(keys.account, self._mailbox, low, kind))
            if sealed is not None:
                found |= self._opened(keys, kind, low, sealed)
        return found

    def _opened(self, keys: AccountKeys, kind: bytes, low: int, sealed: bytes) -> dict[int, bytes]:
        try:
            return decode_pack(keys.open(Kind.PACK, self._aad(kind, low), sealed))
        except PermanentError:
            return {}  # it is made anew from the messages, and those that do not open are reported

    async def made(
        self, keys: AccountKeys, key: bytes, uids: Sequence[int], known: Mapping[int, bytes], snapshot: Snapshot
    ) -> None:
        """Some were made: keep the packs that are whole now."""
        kind = _kind(keys, key)
        waiting = self._waiting.get(kind, [])
        for low in _lows(uids):
            members = _members(snapshot, low)
            if len(members) < FEWEST or any(uid not in known for uid in members):
                continue
            texts = {uid: known[uid] for uid in members}
            if sum(map(len, texts.values())) <= PLAIN_MAX_BYTES:
                sealed = keys.seal(Kind.PACK, self._aad(kind, low), encode_pack(texts))
                waiting.append(Pack(low, len(texts), sealed))
        if not waiting:
            return
        if len(self._waiting) >= KINDS_MAX:
            self._waiting.clear()  # a client that asks in ever new forms
        self._waiting[kind] = waiting
        is_last = waiting[-1].low + 2 * sql.PACK_UIDS > snapshot.uid_next  # the next is not full: no more will come
        if is_last or len(waiting) >= AT_ONCE:
            await self._put(keys.account, kind)

    async def _put(self, account: AccountId, kind: bytes) -> None:
        waiting = self._waiting.pop(kind)
        unit = new_unit(self._clock, self._random)
        command = PutPacks(unit=unit, account=account, mailbox=self._mailbox, kind=kind, packs=tuple(waiting))
        try:
            await self._store.submit(command)
        except ReasonedError:
            return  # the next listing tries again

    def _aad(self, kind: bytes, low: int) -> bytes:
        return b"pack" + self._mailbox.to_bytes(8, "big") + low.to_bytes(4, "big") + kind


def _kind(keys: AccountKeys, key: bytes) -> bytes:
    """Not to be read on the disk: a key has names of header fields."""
    return keys.mac(MacKind.PACK, _FORM + key)


def _lows(uids: Sequence[int]) -> dict[int, int]:
    """First UID of each pack -> how many of the ascending UIDs it has."""
    found: dict[int, int] = {}
    start = 0
    while start < len(uids):
        low = sql.low_of(uids[start])
        end = bisect_left(uids, low + sql.PACK_UIDS, start)
        found[low] = end - start
        start = end
    return found


def _members(snapshot: Snapshot, low: int) -> Sequence[int]:
    """All messages of a pack; none as long as there may be more."""
    end = low + sql.PACK_UIDS
    if end > snapshot.uid_next:
        return ()
    return snapshot.uids[bisect_left(snapshot.uids, low) : bisect_left(snapshot.uids, end)]
