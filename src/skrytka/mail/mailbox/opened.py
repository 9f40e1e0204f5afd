"""A mailbox that is open in this process: what all its views share."""

import asyncio
from array import array
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from skrytka.inspect.inspector import Inspector
from skrytka.mail.mailbox.blobs import Blobs
from skrytka.mail.mailbox.names import Names
from skrytka.mail.mailbox.rendered import RenderedCache
from skrytka.mail.mailbox.shared import Read, keyword_names, read_mailbox, updated, with_flags
from skrytka.mail.mailbox.snapshots import SnapshotPacks
from skrytka.mail.mailbox.types import Snapshot
from skrytka.model.clock import Clock, Random
from skrytka.model.events import Emitter
from skrytka.model.ids import AccountId, MailboxId, State
from skrytka.store.api import Store
from skrytka.store.commands.messages import FlagsStored
from skrytka.store.seal.source import KeySource
from skrytka.store.sql import mailboxes, messages

_PIECE: Final = 5_000  # messages that are read at once: about 2 ms
_PACK_STALE: Final = 500  # messages that differ from what its pack says: then it is made anew
_ATTEMPTS: Final = 3
RESTING_S: Final = 60.0
RESTING_MAX: Final = 64
RESTING_MESSAGES_MAX: Final = 200_000  # 20 octets each


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxDeps:
    """What mailboxes work with; made by the composition root."""

    store: Store
    keys: KeySource
    blobs: Blobs
    inspector: Inspector
    events: Emitter
    clock: Clock
    random: Random


class OpenMailbox:
    """What all views of one mailbox in this process share: the newest snapshot, and whether to look again."""

    def __init__(
        self,
        deps: MailboxDeps,
        names: Names,
        rendered: RenderedCache,
        packs: SnapshotPacks,
        account: AccountId,
        mailbox: MailboxId,
    ) -> None:
        self.rendered = rendered
        self.account = account
        self.mailbox = mailbox
        self.views = 0
        self.recent_uid = 0  # the mark (mail.mailbox.recent), as far as this process knows
        self._deps = deps
        self._names = names
        self._packs = packs
        self._is_pack_due = False
        self._known: Snapshot | None = None
        self._is_stale = True
        self._unwatch = deps.store.watch(account, self._changed)

    def _changed(self, _state: State) -> None:
        self._is_stale = True

    def stored(self, answer: FlagsStored, add: int, remove: int) -> None:
        """A command of ours changed flags: where nothing else happened meanwhile, nothing has to be read."""
        known = self._known
        if known is not None and answer.changed and answer.before == known.state:
            self._known = with_flags(known, answer.changed, add, remove, answer.modseq)

    def mark_stale(self) -> None:
        """Look again at the next question: a command of ours was answered, its feed may come later."""
        self._is_stale = True

    async def snapshot(self) -> Snapshot:
        """The mailbox now."""
        known = self._known
        if known is not None and not self._is_stale:
            return known
        keys = await self._deps.keys.account(self.account)
        self._is_stale = False  # before the read: what is committed during it makes stale again
        try:
            known, read = await self._read(known)
            self.recent_uid = max(self.recent_uid, read.row.recent_uid)
            names = [self._names.keyword(keys, row) for row in read.keywords]
        except BaseException:
            self._is_stale = True
            raise
        now = updated(known, read, keyword_names(read.keywords, names))
        if self._known is None or now.state >= self._known.state:  # another session may have read meanwhile
            self._known = now
        if self._is_pack_due:
            self._is_pack_due = False
            self._packs.later(self.account, self.mailbox, now)
        return self._known

    @property
    def latest(self) -> Snapshot | None:
        """The newest that was read; it may be old."""
        return self._known

    async def _read(self, known: Snapshot | None) -> tuple[Snapshot | None, Read]:
        """What is new, and to what; a large mailbox of which too much is new is read in pieces."""
        is_first = known is None
        if known is None:
            known = await self._first()
        for _ in range(_ATTEMPTS):
            read = await self._deps.store.read(read_mailbox(self.account, self.mailbox, known))
            if not read.is_too_much:
                is_much = len(read.changed) > _PACK_STALE or read.everything is not None
                self._is_pack_due = self._is_pack_due or (is_first and is_much)
                return known, read
            known = await self._in_pieces()  # some 50 ms for 100,000: mostly there is little new behind it
        return None, await self._deps.store.read(read_mailbox(self.account, self.mailbox, None))

    async def _first(self) -> Snapshot | None:
        """What is to be brought up to date at the first look; None where all is read at once."""
        row = await self._deps.store.read(mailboxes.by_id(self.account, self.mailbox))
        found = None if row is None else await self._packs.find(self.account, row)
        return found or await self._in_pieces()

    async def _in_pieces(self) -> Snapshot | None:
        """All of a large mailbox, others having their turn; what changed meanwhile is still to be read."""
        read, account, mailbox = self._deps.store.read, self.account, self.mailbox
        row = await read(mailboxes.by_id(account, mailbox))
        if row is None or row.messages <= _PIECE:
            return None
        self._is_pack_due = True
        uids, flags, modseqs = array("I"), array("Q"), array("Q")
        while True:
            piece = await read(messages.snapshot_piece(account, mailbox, uids[-1] if uids else 0, _PIECE))
            for column, values in zip((uids, flags, modseqs), zip(*piece, strict=True), strict=bool(piece)):
                column.extend(values)
            if len(piece) < _PIECE:
                break
            await asyncio.sleep(0)
        return Snapshot(row.modseq, uids, flags, modseqs, row.uidnext)

    def __len__(self) -> int:
        """Messages that are in memory."""
        return len(self._known) if self._known is not None else 0

    def close(self) -> None:
        """Nobody will look again."""
        self._unwatch()


class Resting:
    """Mailboxes that nobody has open at the moment: most are opened again soon, by the same client."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._mailboxes: OrderedDict[tuple[AccountId, MailboxId], tuple[OpenMailbox, float]] = OrderedDict()
        self._messages = 0

    def put(self, mailbox: OpenMailbox) -> None:
        """Its last view is gone."""
        self._mailboxes[mailbox.account, mailbox.mailbox] = mailbox, self._clock.monotonic_s()
        self._messages += len(mailbox)
        self._tidy()

    def take(self, account: AccountId, mailbox: MailboxId) -> OpenMailbox | None:
        """To be opened again, if it is here still."""
        self._tidy()
        found = self._mailboxes.pop((account, mailbox), None)
        if found is None:
            return None
        self._messages -= len(found[0])
        return found[0]

    def _tidy(self) -> None:
        bound_s = self._clock.monotonic_s() - RESTING_S
        while self._mailboxes:
            mailbox, since_s = next(iter(self._mailboxes.values()))
            is_full = len(self._mailboxes) > RESTING_MAX or self._messages > RESTING_MESSAGES_MAX
            if since_s >= bound_s and not is_full:
                return
            del self._mailboxes[mailbox.account, mailbox.mailbox]
            self._messages -= len(mailbox)
            mailbox.close()
