"""The mailboxes of all accounts, as sessions see them: names, status, views, news."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from skrytka.mail.mailbox.folders import Folders
from skrytka.mail.mailbox.keywords import Keywords
from skrytka.mail.mailbox.names import Names, name_mac
from skrytka.mail.mailbox.opened import MailboxDeps, OpenMailbox, Resting
from skrytka.mail.mailbox.recent import RecentMarks
from skrytka.mail.mailbox.rendered import RenderedCache
from skrytka.mail.mailbox.snapshots import SnapshotPacks
from skrytka.mail.mailbox.types import MailboxInfo, MailboxStatus
from skrytka.mail.mailbox.view import MailboxView
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.flags import SystemFlag
from skrytka.model.ids import AccountId, MailboxId, State
from skrytka.store.rows import MailboxRow
from skrytka.store.seal.keys import AccountKeys
from skrytka.store.sql import mailboxes, messages

_COUNTED_MAX: Final = 10_000


class Mailboxes:
    """``servers.imap.deps.Mailboxes``; one per process."""

    def __init__(self, deps: MailboxDeps) -> None:
        self._deps = deps
        self._names = Names()
        self._rendered = RenderedCache(deps.clock)
        self._resting = Resting(deps.clock)
        self.marks = RecentMarks(deps.store, deps.clock, deps.random)
        self.packs = SnapshotPacks(deps.store, deps.keys, deps.clock, deps.random)
        self.folders = Folders(deps, self._names)
        self._keywords = Keywords(deps.store, deps.clock, deps.random)
        self._open: dict[tuple[AccountId, MailboxId], OpenMailbox] = {}
        self._deleted: OrderedDict[tuple[AccountId, MailboxId], tuple[State, int]] = OrderedDict()

    async def names(self, account: AccountId) -> Sequence[MailboxInfo]:
        """As ``deps.Mailboxes.names``."""
        keys = await self._deps.keys.account(account)
        rows, only_names = await self._deps.store.read(mailboxes.list_and_subscriptions(account))
        found = [self._names.mailbox(keys, row) for row in rows]
        return found + [MailboxInfo(self._names.opened(keys, name), None, is_subscribed=True) for name in only_names]

    async def status(self, account: AccountId, name: str) -> tuple[MailboxInfo, MailboxStatus]:
        """As ``deps.Mailboxes.status``: one row, but for the count of deleted messages, which is kept by MODSEQ."""
        keys = await self._deps.keys.account(account)
        row = await self._row(keys, name)
        status = MailboxStatus(
            messages=row.messages,
            unseen=row.unseen,
            deleted=await self._count_deleted(account, row),
            size_bytes=row.bytes_,
            uid_next=row.uidnext,
            uid_validity=row.uidvalidity,
            highest_modseq=row.modseq,
            recent=await self._count_recent(account, row),
        )
        return self._names.mailbox(keys, row), status

    async def open(self, account: AccountId, name: str) -> MailboxView:
        """As ``deps.Mailboxes.open``."""
        keys = await self._deps.keys.account(account)
        row = await self._row(keys, name)
        place = (account, row.mailbox)
        shared = self._open.get(place)
        if shared is None:
            shared = self._resting.take(*place) or self._opened(*place)
            self._open[place] = shared
        shared.views += 1
        shared.recent_uid = max(shared.recent_uid, row.recent_uid)
        info = self._names.mailbox(keys, row)
        return MailboxView(self._deps, shared, self.marks, info, row.uidvalidity, partial(self._release, shared))

    async def place(self, account: AccountId, name: str) -> MailboxRow:
        """The row of a mailbox; PermanentError(NO_SUCH_MAILBOX)."""
        return await self._row(await self._deps.keys.account(account), name)

    async def keyword_bits(self, account: AccountId, keywords: Sequence[str]) -> tuple[int, int | None]:
        """Bits of keywords, made if need be, and their epoch; PermanentError(TOO_MANY)."""
        if not keywords:
            return 0, None
        return await self._keywords.bits(await self._deps.keys.account(account), keywords, are_needed=True)

    def watch(self, account: AccountId, notify: Callable[[], None]) -> Callable[[], None]:
        """As ``deps.Mailboxes.watch``."""
        return self._deps.store.watch(account, lambda _state: notify())

    def _opened(self, account: AccountId, mailbox: MailboxId) -> OpenMailbox:
        return OpenMailbox(self._deps, self._names, self._rendered, self.packs, account, mailbox)

    def _release(self, shared: OpenMailbox) -> None:
        shared.views -= 1
        if not shared.views:
            del self._open[shared.account, shared.mailbox]
            self._resting.put(shared)

    async def _row(self, keys: AccountKeys, name: str) -> MailboxRow:
        row = await self._deps.store.read(mailboxes.by_name(keys.account, name_mac(keys, name)))
        if row is None:
            raise PermanentError(Reason.NO_SUCH_MAILBOX, f"account {keys.account}")
        return row

    async def _count_recent(self, account: AccountId, row: MailboxRow) -> int:
        shared = self._open.get((account, row.mailbox))
        mark = row.recent_uid if shared is None else max(row.recent_uid, shared.recent_uid)
        if mark >= row.uidnext - 1:
            return 0
        return await self._deps.store.read(messages.count_after(account, row.mailbox, mark)) if mark else row.messages

    async def _count_deleted(self, account: AccountId, row: MailboxRow) -> int:
        if not row.messages:
            return 0
        place = (account, row.mailbox)
        state, count = self._deleted.get(place, (State(-1), 0))
        if state != row.modseq:
            rows = await self._deps.store.read(messages.snapshot(account, row.mailbox))
            count = sum(1 for _uid, flags, _modseq in rows if flags & SystemFlag.DELETED.value)
            self._deleted[place] = (row.modseq, count)
            self._deleted.move_to_end(place)
            if len(self._deleted) > _COUNTED_MAX:
                self._deleted.popitem(last=False)
        return count
