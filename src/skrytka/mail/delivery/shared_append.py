"""APPEND and COPY where one of the accounts is another's: a message is read there and appended here, or the other way.

Accounts have different keys, so nothing of the one is put into the other but the octets of messages, flags and dates.
"""

import contextlib
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final, Protocol

from skrytka.mail.delivery.append import Appending, Appends
from skrytka.mail.mailbox.sharing import SharedMailboxes, SharedView, no_such_mailbox
from skrytka.mail.mailbox.types import Content, Copies, FlagChange, MessageRow, Snapshot
from skrytka.model.clock import Clock, Random
from skrytka.model.errors import PermanentError, Reason, ReasonedError
from skrytka.model.flags import FIRST_KEYWORD_BIT, SystemFlag
from skrytka.model.ids import AccountId, MailboxId, Uid, new_unit
from skrytka.store import ranges
from skrytka.store.api import Store
from skrytka.store.commands.messages import Expunge

COPIES_MAX: Final = 1000  # of one command: each is taken apart by an inspector
_ROWS: Final = 256
_CHUNK_BYTES: Final = 64 * 1024
_SYSTEM: Final = (1 << FIRST_KEYWORD_BIT) - 1


class Source(Protocol):
    """Of ``servers.imap.deps.View``, what a copy reads, and a move takes away."""

    async def snapshot(self) -> Snapshot: ...
    async def rows(self, uids: Sequence[int], *, with_summary: bool) -> Sequence[MessageRow]: ...
    async def content(self, uid: Uid) -> Content: ...
    async def store_flags(
        self, uids: Sequence[int], change: FlagChange, flags: int, keywords: Sequence[str]
    ) -> Sequence[int]: ...
    async def expunge(self, uids: Sequence[int] | None) -> None: ...


class SharedAppends:
    """``servers.imap.deps.Appends``; one per process."""

    def __init__(
        self, appends: Appends, mailboxes: SharedMailboxes, store: Store, clock: Clock, random: Random
    ) -> None:
        self._appends = appends
        self._mailboxes = mailboxes
        self._store = store
        self._clock = clock
        self._random = random

    async def begin(
        self, account: AccountId, name: str, flags: int, keywords: Sequence[str], received_at_ms: int | None
    ) -> "Appending | SharedAppending":
        """As ``deps.Appends.begin``; in another's mailbox flags that take a right which is not given are left out."""
        place = await self._mailboxes.find(account, name)
        appending = await self._begin(account, name, flags, keywords, received_at_ms)
        if place is not None:
            self._mailboxes.tell(account, place)
        return appending

    async def _begin(
        self, account: AccountId, name: str, flags: int, keywords: Sequence[str], received_at_ms: int | None
    ) -> "Appending | SharedAppending":
        place = await self._mailboxes.find(account, name)
        if place is None:
            return await self._appends.begin(account, name, flags, keywords, received_at_ms)
        place.demand("i")
        named = keywords if place.flags >> FIRST_KEYWORD_BIT else ()
        appending = await self._appends.begin(place.owner, place.name, flags & place.flags, named, received_at_ms)
        return SharedAppending(appending, partial(self._place, account, name))

    async def _place(self, account: AccountId, name: str) -> tuple[AccountId, MailboxId]:
        """Where something may be put now."""
        place = await self._mailboxes.find(account, name)
        if place is None:
            raise no_such_mailbox(account)
        place.demand("i")
        return place.owner, place.mailbox

    async def copy(
        self, account: AccountId, view: Source, uids: Sequence[int], name: str, *, is_move: bool = False
    ) -> Copies:
        """As ``deps.Appends.copy``: one after the other, and all taken back if one cannot be.

        What is moved goes from where it was when all are there: if that fails they are in both (better than in none).
        """
        if len(uids) > COPIES_MAX:
            raise PermanentError(Reason.TOO_MANY, f"{len(uids)} messages between accounts")
        if is_move and isinstance(view, SharedView):
            await view.may_remove()
        if (target := await self._mailboxes.find(account, name)) is not None:
            self._mailboxes.tell(account, target)
        done = await self._copied(account, view, uids, name)
        if is_move and done.source:
            await view.store_flags(done.source, FlagChange.ADD, SystemFlag.DELETED.value, ())
            await view.expunge(done.source)
        return Copies(done.uid_validity, done.source, done.target)

    async def _copied(self, account: AccountId, view: Source, uids: Sequence[int], name: str) -> "_Done":
        snapshot = await view.snapshot()
        done = _Done()
        try:
            for start in range(0, len(uids), _ROWS):
                for row in await view.rows(uids[start : start + _ROWS], with_summary=False):
                    bits = _flags(snapshot, row.uid)
                    appending = await self._begin(
                        account, name, bits & _SYSTEM, _words(bits, snapshot.keywords), row.received_at_ms
                    )
                    await _pass_on(view, row.uid, appending, done)
        except BaseException:
            await self._take_back(done)
            raise
        return done

    async def _take_back(self, done: "_Done") -> None:
        """RFC 9051 6.4.7: the mailbox is as it was before; what was there for a moment is in the vault."""
        if done.place is None or not done.target:
            return
        account, mailbox = done.place
        command = Expunge(
            unit=new_unit(self._clock, self._random),
            account=account,
            mailbox=mailbox,
            uids=ranges.of(done.target),
            only_deleted=False,
        )
        with contextlib.suppress(ReasonedError):  # the first error is the one to tell
            await self._store.submit(command)


class SharedAppending:
    """A message on its way into another's mailbox: whether it may go there is asked again when it is whole."""

    def __init__(self, appending: Appending, now: Callable[[], Awaitable[tuple[AccountId, MailboxId]]]) -> None:
        self._appending = appending
        self._now = now

    @property
    def place(self) -> tuple[AccountId, MailboxId]:
        """Where it goes."""
        return self._appending.place

    async def write(self, data: bytes) -> None:
        """As ``deps.Appending.write``."""
        await self._appending.write(data)

    async def finish(self) -> tuple[int, int]:
        """As ``deps.Appending.finish``."""
        if await self._now() != self.place:  # another one has its name by now
            raise no_such_mailbox(self.place[0])
        return await self._appending.finish()

    async def abort(self) -> None:
        """As ``deps.Appending.abort``."""
        await self._appending.abort()


class _Done:
    """What of a copy is there."""

    def __init__(self) -> None:
        self.place: tuple[AccountId, MailboxId] | None = None
        self.uid_validity = 0
        self.source: list[int] = []
        self.target: list[int] = []


def _flags(snapshot: Snapshot, uid: int) -> int:
    index = bisect_left(snapshot.uids, uid)
    return snapshot.flags[index] if index < len(snapshot) and snapshot.uids[index] == uid else 0


def _words(bits: int, keywords: Sequence[str]) -> list[str]:
    return [word for bit, word in enumerate(keywords, FIRST_KEYWORD_BIT) if bits >> bit & 1]


async def _pass_on(view: Source, uid: Uid, appending: Appending | SharedAppending, done: _Done) -> None:
    """Read there, append here; a message that is gone meanwhile is passed over."""
    try:
        if done.place not in (None, appending.place):  # another mailbox has its name since the first message
            raise no_such_mailbox(appending.place[0])
        done.place = appending.place
        if not await _read(view, uid, appending):
            return
        done.uid_validity, target = await appending.finish()
        done.source.append(uid)
        done.target.append(target)
    finally:
        await appending.abort()


async def _read(view: Source, uid: Uid, appending: Appending | SharedAppending) -> bool:
    """Whether it was there."""
    try:
        content = await view.content(uid)
    except PermanentError as exc:
        if exc.reason is not Reason.NO_SUCH_OBJECT:
            raise
        return False
    try:
        for offset in range(0, content.size_bytes, _CHUNK_BYTES):
            await appending.write(await content.read(offset, _CHUNK_BYTES))
    finally:
        content.close()
    return True
