r"""\Recent of IMAP4rev1 (RFC 3501 2.3.2): up to which UID some session was told of a mailbox's messages.

The mark of a mailbox stands in its row and in whatever process has it open. SELECT waits for the store, so that of two
sessions, whatever their processes, one is the first. What a session is told of later is marked in its process at once,
in the store soon: a commit for each message would be the price of half a delivery. A mark that is lost makes messages
recent once more, as it has to be where nobody knows.
"""

import asyncio
import contextlib
from typing import Final

from skrytka.model.clock import Clock, Random
from skrytka.model.errors import ReasonedError
from skrytka.model.ids import AccountId, MailboxId, new_unit
from skrytka.store.api import Store
from skrytka.store.commands.mailbox import MARKS_MAX, ClaimRecent, RecentMark

CLAIM_S: Final = 1.0  # SELECT waits so long at most: mail can be read while nothing can be written
PAUSE_S: Final = 0.2  # between two writes of what came meanwhile
LAST_S: Final = 1.0  # for the last one


class RecentMarks:
    """Marks of one process on their way to the store."""

    def __init__(self, store: Store, clock: Clock, random: Random) -> None:
        self._store = store
        self._clock = clock
        self._random = random
        self._waiting: dict[tuple[AccountId, MailboxId], int] = {}
        self._has_some = asyncio.Event()

    async def claim(self, account: AccountId, mailbox: MailboxId, uid: int) -> int:
        """Raise the mark now; where it was, 0 when that cannot be known."""
        try:
            async with asyncio.timeout(CLAIM_S):
                (before,) = await self._store.submit(self._command([RecentMark(account, mailbox, uid)]))
        except (ReasonedError, TimeoutError):
            return 0
        return before

    def later(self, account: AccountId, mailbox: MailboxId, uid: int) -> None:
        """Raise the mark soon."""
        self._waiting[account, mailbox] = max(uid, self._waiting.get((account, mailbox), 0))
        self._has_some.set()

    async def run(self) -> None:
        """Write what waits, until it is cancelled; then once more."""
        try:
            while True:
                await self._has_some.wait()
                await self.write()
                await asyncio.sleep(PAUSE_S)
        finally:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LAST_S):
                    await self.write()

    async def write(self) -> None:
        """All that waits, as it is now."""
        self._has_some.clear()
        waiting, self._waiting = self._waiting, {}
        marks = [RecentMark(account, mailbox, uid) for (account, mailbox), uid in waiting.items()]
        for start in range(0, len(marks), MARKS_MAX):
            with contextlib.suppress(ReasonedError):
                await self._store.submit(self._command(marks[start : start + MARKS_MAX]))

    def _command(self, marks: list[RecentMark]) -> ClaimRecent:
        return ClaimRecent(unit=new_unit(self._clock, self._random), marks=tuple(marks))
