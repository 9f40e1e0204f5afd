"""Mailboxes of others beside one's own: ``Other Users/owner@example.org/NAME`` (RFC 2342), with rights (RFC 4314).

Everything that leads from one account to another is here. A name is looked up among what is shared with the account and
never taken apart to make an address of it; what is opened asks at every step whether it is still shared, and is gone
(NO_SUCH_MAILBOX) when it is not. A name that nobody shares is one of the account's own.
"""

import asyncio
import contextlib
import re
import unicodedata
from array import array
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from skrytka.mail.identity.shares import Owner, Shares
from skrytka.mail.mailbox.folders import Folders
from skrytka.mail.mailbox.mailboxes import Mailboxes
from skrytka.mail.mailbox.texts import TextMatches
from skrytka.mail.mailbox.types import (
    HIERARCHY_SEPARATOR,
    Content,
    Copies,
    FlagChange,
    MailboxInfo,
    MailboxStatus,
    MessageRow,
    Rendering,
    Snapshot,
)
from skrytka.mail.mailbox.view import MailboxView
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.events import Emitter, SharedMailboxOpened
from skrytka.model.flags import FIRST_KEYWORD_BIT, SystemFlag
from skrytka.model.ids import AccountId, MailboxId, State, Uid
from skrytka.protocol.imap.listing import OTHERS
from skrytka.protocol.imap.mailbox_name import canonical

_AT_ONCE: Final = 10_000  # flags that are looked at in a row
_NOTHING: Final = Snapshot(State(-1), array("I"), array("Q"), array("Q"), Uid(1))
_NO_LEVEL: Final = re.compile(r"[=/%*\x00-\x1f\x7f]")  # what a local part may have and a level may not


class Place(NamedTuple):
    """A mailbox of somebody else, and what may be done with it."""

    owner: AccountId
    name: str  # as its owner names it
    shown: str  # as the delegate names it
    mailbox: MailboxId
    rights: str

    @property
    def flags(self) -> int:
        """Bits of the flags that may be changed."""
        return writable_flags(self.rights)

    def demand(self, right: str) -> None:
        """PermanentError(NOT_PERMITTED) without that right."""
        if right not in self.rights:
            raise not_permitted(right, self)


def writable_flags(rights: str) -> int:
    """RFC 4314 4: s is for Seen, t for Deleted, w for all others, keywords as well."""
    seen, deleted = SystemFlag.SEEN.value, SystemFlag.DELETED.value
    found = seen if "s" in rights else 0
    found |= deleted if "t" in rights else 0
    return found | (~(seen | deleted) if "w" in rights else 0)


def is_others(name: str) -> bool:
    """Whether the name is in the namespace of others; it may be one's own all the same, of old."""
    return name == OTHERS[:-1] or name.startswith(OTHERS)


def level_of(address: str) -> str:
    """The level of the hierarchy that stands for an account: its address, most often as it is."""
    return unicodedata.normalize("NFC", _NO_LEVEL.sub(lambda found: f"={ord(found[0]):02X}", address))


def not_permitted(right: str, place: Place) -> PermanentError:
    """For who may know that the mailbox is there."""
    return PermanentError(Reason.NOT_PERMITTED, f"right {right} on mailbox {place.mailbox} of account {place.owner}")


def no_such_mailbox(account: AccountId) -> PermanentError:
    """What an account hears of whatever it may not know of."""
    return PermanentError(Reason.NO_SUCH_MAILBOX, f"account {account}: of others")


class SharedMailboxes:
    """``servers.imap.deps.Mailboxes`` over those of each account; one per process."""

    def __init__(self, mailboxes: Mailboxes, shares: Shares, events: Emitter) -> None:
        self._own = mailboxes
        self._shares = shares
        self._events = events
        self.folders = _Folders(mailboxes.folders)

    async def are_shared(self, account: AccountId) -> bool:
        """As ``deps.Mailboxes.are_shared``."""
        return bool(await self._shares.of(account))

    async def names(self, account: AccountId) -> Sequence[MailboxInfo]:
        """As ``deps.Mailboxes.names``: one's own, then those of others that one may know of."""
        own = await self._own.names(account)
        if not (owners := await self._shares.of(account)):
            return own
        subscribed = {info.name for info in own if info.is_subscribed}
        shared = [info for owner in owners.values() for info in await self._names_of(owner, subscribed)]
        shadowed = {info.name for info in shared}
        return [info for info in own if info.name not in shadowed] + shared

    async def _names_of(self, owner: Owner, subscribed: set[str]) -> list[MailboxInfo]:
        found: list[MailboxInfo] = []
        with contextlib.suppress(PermanentError):  # one owner's damage keeps nobody from the others
            for info in await self._own.names(owner.account):
                if info.mailbox is not None and "l" in (rights := owner.on(info.mailbox)):
                    shown = f"{OTHERS}{level_of(owner.address)}/{info.name}"
                    found.append(
                        MailboxInfo(
                            shown, info.mailbox, is_subscribed=shown in subscribed, owner=owner.account, rights=rights
                        )
                    )
        return found

    async def status(self, account: AccountId, name: str) -> tuple[MailboxInfo, MailboxStatus]:
        """As ``deps.Mailboxes.status``; RFC 4314 4: it takes the right to read."""
        place = await self.find(account, name)
        if place is None:
            return await self._own.status(account, name)
        place.demand("r")
        info, status = await self._own.status(place.owner, place.name)
        return _told(place, info), status

    async def open(self, account: AccountId, name: str) -> "MailboxView | SharedView":
        """As ``deps.Mailboxes.open``; of another's mailbox an event."""
        place = await self.find(account, name)
        if place is None:
            return await self._own.open(account, name)
        place.demand("r")
        view = await self._own.open(place.owner, place.name)
        try:
            info = _told(place, view.info)
        except PermanentError:
            view.close()
            raise
        self.tell(account, place)
        return SharedView(view, info, place, account, self._shares)

    def tell(self, account: AccountId, place: Place) -> None:
        """An event of who uses what."""
        self._events.emit(
            SharedMailboxOpened(account=account, owner=place.owner, mailbox=place.mailbox, rights=place.rights)
        )

    def watch(self, account: AccountId, notify: Callable[[], None]) -> Callable[[], None]:
        """As ``deps.Mailboxes.watch``."""
        return self._own.watch(account, notify)

    async def find(self, account: AccountId, name: str) -> Place | None:
        """Where that mailbox of somebody else is; None: the name is one of the account's own.

        PermanentError(NO_SUCH_MAILBOX) for what is not there, and what the account may not know of, alike.
        """
        if not name.startswith(OTHERS):
            return None
        level, _separator, rest = name[len(OTHERS) :].partition(HIERARCHY_SEPARATOR)
        owner = _at(level, await self._shares.of(account))
        if owner is None:
            return None
        wanted = canonical(rest)
        row = await self._own.place(owner.account, wanted)
        rights = owner.on(row.mailbox)
        if "l" not in rights:
            raise no_such_mailbox(account)
        return Place(owner.account, wanted, f"{OTHERS}{level}/{wanted}", row.mailbox, rights)


def _at(level: str, owners: Mapping[str, Owner]) -> Owner | None:
    """Whose level that is; most often it is his address."""
    found = owners.get(level)
    if found is not None and level_of(found.address) == level:
        return found
    return next((each for each in owners.values() if level_of(each.address) == level), None)


def _told(place: Place, info: MailboxInfo) -> MailboxInfo:
    """The mailbox as its delegate sees it; NO_SUCH_MAILBOX if another one has its name by now."""
    if info.mailbox != place.mailbox:
        raise no_such_mailbox(place.owner)
    return MailboxInfo(place.shown, info.mailbox, owner=place.owner, rights=place.rights)


class SharedView:
    """``servers.imap.deps.View`` of a mailbox of somebody else, for as long as it is shared."""

    def __init__(self, view: MailboxView, info: MailboxInfo, place: Place, delegate: AccountId, shares: Shares) -> None:
        self.info = info
        self.uid_validity = view.uid_validity
        self._view = view
        self._place = place
        self._delegate = delegate
        self._shares = shares
        self._latest = self._shown = _NOTHING
        self._rights = ""
        self._changes = -1  # nothing is known that was not asked since

    async def _demand(self, right: str) -> MailboxView:
        """Asked anew whenever the directory has changed. Who may not read (any more) finds nothing to act upon."""
        changes = self._shares.changes
        if changes != self._changes:
            self._rights = await self._granted()
            self._changes = changes
        if not {"l", "r"} <= set(self._rights):
            raise no_such_mailbox(self._delegate)
        if right not in self._rights:
            raise not_permitted(right, self._place)
        return self._view

    async def _granted(self) -> str:
        for owner in (await self._shares.of(self._delegate)).values():
            if owner.account == self._place.owner:
                return owner.on(self._place.mailbox)
        return ""

    async def snapshot(self) -> Snapshot:
        """As ``View.snapshot``; keywords that the owner uses elsewhere only are not told."""
        latest = await (await self._demand("r")).snapshot()
        if latest is not self._latest:
            shown = await _with_own_keywords(latest)
            self._latest, self._shown = latest, shown
        return self._shown

    @property
    def recent_uid(self) -> int:
        """As ``View.recent_uid``."""
        return self._view.recent_uid

    async def claim_recent(self, uid: int) -> int:
        """As ``View.claim_recent``, and nothing is claimed: what is recent to the owner stays so."""
        return self._view.recent_uid

    def claim_recent_soon(self, uid: int) -> int:
        """As :meth:`claim_recent`."""
        return self._view.recent_uid

    async def rows(self, uids: Sequence[int], *, with_summary: bool) -> Sequence[MessageRow]:
        """As ``View.rows``."""
        return await (await self._demand("r")).rows(uids, with_summary=with_summary)

    async def rendered(
        self, uids: Sequence[int], rendering: Rendering, breathe: Callable[[], Awaitable[None]]
    ) -> Mapping[int, bytes]:
        """As ``View.rendered``."""
        return await (await self._demand("r")).rendered(uids, rendering, breathe)

    async def find_text(
        self, uids: Sequence[int], text: str, *, with_header: bool, breathe: Callable[[], Awaitable[None]]
    ) -> TextMatches:
        """As ``View.find_text``."""
        return await (await self._demand("r")).find_text(uids, text, with_header=with_header, breathe=breathe)

    async def wholes(self, uids: Sequence[int]) -> Mapping[int, bytes]:
        """As ``View.wholes``."""
        return await (await self._demand("r")).wholes(uids)

    async def content(self, uid: Uid) -> Content:
        """As ``View.content``."""
        return await (await self._demand("r")).content(uid)

    async def store_flags(
        self,
        uids: Sequence[int],
        change: FlagChange,
        flags: int,
        keywords: Sequence[str],
        unchanged_since: int | None = None,
    ) -> Sequence[int]:
        """As ``View.store_flags``; what takes a right that is not given is left out (RFC 4314 4).

        NOT_PERMITTED when nothing of what was named is left.
        """
        view = await self._demand("r")
        allowed = writable_flags(self._rights)
        named = keywords if allowed >> FIRST_KEYWORD_BIT else ()
        is_nothing_named = not (flags or keywords)
        if not allowed or not (flags & allowed or named or is_nothing_named):
            raise not_permitted("stw", self._place)
        return await view.store_flags(uids, change, flags & allowed, named, unchanged_since, allowed=allowed)

    async def expunge(self, uids: Sequence[int] | None) -> None:
        """As ``View.expunge``."""
        await (await self._demand("e")).expunge(uids)

    async def may_remove(self) -> None:
        """NOT_PERMITTED unless messages may be moved out of here."""
        for right in "te":
            await self._demand(right)

    async def copy(self, uids: Sequence[int], target: str, *, is_move: bool) -> Copies:
        """Never asked: a copy out of here is ``Appends.copy``."""
        raise not_permitted("i", self._place)

    def close(self) -> None:
        """May be called twice."""
        self._view.close()


async def _with_own_keywords(snapshot: Snapshot) -> Snapshot:
    """Keywords are of the account: here those that a message of this mailbox has keep their names."""
    if not snapshot.keywords:
        return snapshot
    used = 0
    for start in range(0, len(snapshot), _AT_ONCE):
        for bits in set(snapshot.flags[start : start + _AT_ONCE]):
            used |= bits
        await asyncio.sleep(0)
    names = (name if used >> bit & 1 else "" for bit, name in enumerate(snapshot.keywords, FIRST_KEYWORD_BIT))
    return msgspec.structs.replace(snapshot, keywords=tuple(names))


class _Folders:
    """``servers.imap.deps.Folders``: mailboxes of others are not made, deleted or renamed, only subscribed to.

    Nor are one's own made where they could be hidden behind those of others.
    """

    def __init__(self, folders: Folders) -> None:
        self._folders = folders

    async def create(self, account: AccountId, name: str, special_use: str = "") -> MailboxId:
        _refuse(name)
        return await self._folders.create(account, name, special_use)

    async def delete(self, account: AccountId, name: str) -> None:
        """One's own mailbox of such a name, of old, may go."""
        await self._folders.delete(account, name)

    async def rename(self, account: AccountId, name: str, new_name: str) -> None:
        """Out of the namespace, not into it."""
        _refuse(new_name)
        await self._folders.rename(account, name, new_name)

    async def subscribe(self, account: AccountId, name: str, *, is_wanted: bool) -> None:
        await self._folders.subscribe(account, name, is_wanted=is_wanted)


def _refuse(name: str) -> None:
    if is_others(name.removesuffix(HIERARCHY_SEPARATOR)):
        raise PermanentError(Reason.NOT_PERMITTED, "a name among those of other users")
