"""APPEND and COPY where one of the accounts is another's: a message is read there and appended here, or the other way.

Accounts have different keys, so nothing of the one is put into the other but the octets of messages, flags and dates.
"""

import contextlib
from collections.abc import Sequence
from typing import Final, Protocol

from skrytka.mail.delivery.append import Appending, Appends
from skrytka.mail.mailbox.sharing import Place, SharedMailboxes, no_such_mailbox
from skrytka.mail.mailbox.types import Content, Copies, MessageRow, Snapshot
from skrytka.model.clock import Clock, Random
from skrytka.model.errors import PermanentError, Reason, ReasonedError
from skrytka.model.flags import FIRST_KEYWORD_BIT
from skrytka.model.ids import AccountId, MailboxId, Uid, new_unit
from skrytka.store import ranges
from skrytka.store.api import Store
from skrytka.store.commands.messages import Expunge

COPIES_MAX: Final = 1000  # of one command: each is taken apart by an inspector
_ROWS: Final = 256
_CHUNK_BYTES: Final = 64 * 1024
_SYSTEM: Final = (1 << FIRST_KEYWORD_BIT) - 1


class Source(Protocol):
    """Of ``servers.imap.deps.View``, what a copy reads."""

    async def snapshot(self) -> Snapshot: ...
    async def rows(self, uids: Sequence[int], *, with_summary: bool) -> Sequence[MessageRow]: ...
    async def content(self, uid: Uid) -> Content: ...


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
    ) -> Appending:
        """As ``deps.Appends.begin``; in another's mailbox flags that take a right which is not given are left out."""
        place = await self._mailboxes.find(account, name)
        if place is None:
            return await self._appends.begin(account, name, flags, keywords, received_at_ms)
        return await self._into(place, flags, keywords, received_at_ms)

    async def _into(self, place: Place, flags: int, keywords: Sequence[str], received_at_ms: int | None) -> Appending:
        place.demand("i")
        allowed = place.flags
        named = keywords if allowed & ~_SYSTEM else ()
        appending = await self._appends.begin(place.owner, place.name, flags & allowed, named, received_at_ms)
        if appending.place != (place.owner, place.mailbox):  # another one has its name by now
            await appending.abort()
            raise no_such_mailbox(place.owner)
        return appending

    async def copy(self, account: AccountId, view: Source, uids: Sequence[int], name: str) -> Copies:
        """As ``deps.Appends.copy``: one after the other, and all taken back if one cannot be."""
        if len(uids) > COPIES_MAX:
            raise PermanentError(Reason.TOO_MANY, f"{len(uids)} messages between accounts")
        snapshot = await view.snapshot()
        flags = dict(zip(snapshot.uids, snapshot.flags, strict=True))
        done = _Done()
        try:
            for start in range(0, len(uids), _ROWS):
                for row in await view.rows(uids[start : start + _ROWS], with_summary=False):
                    bits = flags.get(row.uid, 0)
                    appending = await self.begin(
                        account, name, bits & _SYSTEM, _words(bits, snapshot.keywords), row.received_at_ms
                    )
                    await _pass_on(view, row.uid, appending, done)
        except BaseException:
            await self._take_back(done)
            raise
        return Copies(done.uid_validity, done.source, done.target)

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


class _Done:
    """What of a copy is there."""

    def __init__(self) -> None:
        self.place: tuple[AccountId, MailboxId] | None = None
        self.uid_validity = 0
        self.source: list[int] = []
        self.target: list[int] = []


def _words(bits: int, keywords: Sequence[str]) -> list[str]:
    return [word for bit, word in enumerate(keywords, FIRST_KEYWORD_BIT) if bits >> bit & 1]


async def _pass_on(view: Source, uid: Uid, appending: Appending, done: _Done) -> None:
    """Read there, append here; a message that is gone meanwhile is passed over."""
    try:
        if done.place not in (None, appending.place):  # another mailbox has its name since the first message
            raise no_such_mailbox(appending.place[0])
        done.place = appending.place
        content = await view.content(uid)
        try:
            for offset in range(0, content.size_bytes, _CHUNK_BYTES):
                await appending.write(await content.read(offset, _CHUNK_BYTES))
        finally:
            content.close()
        done.uid_validity, target = await appending.finish()
        done.source.append(uid)
        done.target.append(target)
    except PermanentError as exc:
        if exc.reason is not Reason.NO_SUCH_OBJECT:
            raise
    finally:
        await appending.abort()
