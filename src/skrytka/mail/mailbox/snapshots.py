"""Snapshots of large mailboxes, kept sealed in the store: one record is opened instead of 10,000 rows read.

Made by whoever has read all rows, as the store's cache. What has changed since is read behind it, as far as the journal
reaches back; else, or when that is much, all rows are read once more.
"""

import asyncio
from typing import Final

from skrytka.mail.mailbox.types import Snapshot
from skrytka.model.clock import Clock, Random
from skrytka.model.errors import PermanentError, ReasonedError
from skrytka.model.ids import AccountId, MailboxId, State, Uid, new_unit
from skrytka.store.api import Store
from skrytka.store.commands.packs import PutMailboxPack
from skrytka.store.rows import MailboxRow
from skrytka.store.seal.columns import MESSAGES_MAX, Columns, decode_columns, encode_columns
from skrytka.store.seal.keys import Kind
from skrytka.store.seal.source import KeySource
from skrytka.store.sql import journal
from skrytka.store.sql import packs as sql

MESSAGES_MIN: Final = 1_000  # fewer are read as fast as they are opened
PAUSE_S: Final = 0.5  # between two that are written: there is no hurry
_WAITING_MAX: Final = 64
_INLINE_MAX: Final = 10_000  # messages that are packed at once: half a millisecond


class SnapshotPacks:
    """Of all mailboxes of one process."""

    def __init__(self, store: Store, keys: KeySource, clock: Clock, random: Random) -> None:
        self._store = store
        self._keys = keys
        self._clock = clock
        self._random = random
        self._waiting: dict[tuple[AccountId, MailboxId], Snapshot] = {}
        self._has_some = asyncio.Event()

    async def find(self, account: AccountId, row: MailboxRow) -> Snapshot | None:
        """The mailbox as it was at some state from which it can be brought up to date, without its keywords."""
        if row.messages < MESSAGES_MIN:
            return None
        sealed = await self._store.read(sql.mailbox_pack(account, row.mailbox))
        if sealed is None:
            return None
        keys = await self._keys.account(account)
        try:
            found = decode_columns(keys.open(Kind.PACK, _aad(row.mailbox), sealed))
        except PermanentError:
            return None  # it is made anew
        if found.state == row.modseq:
            is_good = len(found.uids) == row.messages
        else:
            is_good = found.state < row.modseq and await self._store.read(journal.has_row(account, found.state))
        if not is_good:
            return None
        return Snapshot(State(found.state), found.uids, found.flags, found.modseqs, Uid(found.uid_next))

    def later(self, account: AccountId, mailbox: MailboxId, snapshot: Snapshot) -> None:
        """All rows have been read: keep what was found, if it is worth it."""
        if MESSAGES_MIN <= len(snapshot) <= MESSAGES_MAX and len(self._waiting) < _WAITING_MAX:
            self._waiting[account, mailbox] = snapshot
            self._has_some.set()

    async def run(self) -> None:
        """Write what waits, for ever."""
        while True:
            await self._has_some.wait()
            await self.write()

    async def write(self) -> None:
        """All that waits, one after the other."""
        self._has_some.clear()
        while self._waiting:
            (account, mailbox), snapshot = self._waiting.popitem()
            try:
                await self._write(account, mailbox, snapshot)
            except ReasonedError:
                continue  # the next who reads all rows tries again
            if self._waiting:
                await asyncio.sleep(PAUSE_S)

    async def _write(self, account: AccountId, mailbox: MailboxId, snapshot: Snapshot) -> None:
        columns = Columns(snapshot.state, snapshot.uid_next, snapshot.uids, snapshot.flags, snapshot.modseqs)
        is_small = len(snapshot) <= _INLINE_MAX
        plain = encode_columns(columns) if is_small else await asyncio.to_thread(encode_columns, columns)
        keys = await self._keys.account(account)
        await self._store.submit(
            PutMailboxPack(
                unit=new_unit(self._clock, self._random),
                account=account,
                mailbox=mailbox,
                state=snapshot.state,
                sealed=keys.seal(Kind.PACK, _aad(mailbox), plain),
            )
        )


def _aad(mailbox: MailboxId) -> bytes:
    return b"mailbox" + mailbox.to_bytes(8, "big")
