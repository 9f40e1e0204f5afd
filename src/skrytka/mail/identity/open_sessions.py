"""Sessions that are open are told when something about their account has changed, so that a revoked login ends at once.

The directory's journal says whose login a change touches. One look into it a change, and only those sessions wake.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from skrytka.model.errors import UNREADABLE, TransientError
from skrytka.model.ids import AccountId, State
from skrytka.store.api import Store
from skrytka.store.rows import DIRECTORY_SUBJECT, JournalRow
from skrytka.store.sql import journal

ROWS_MAX: Final = 1000  # of the journal at once; after more of them everybody is told
AGAIN_S: Final = 0.5  # after the store had no time
# What begins so is about no account's login. The detail of everything else begins with its account (docs/store.md).
_OTHERS: Final = ("domain.", "address.", "dkim.")
_decode = msgspec.msgpack.Decoder(list[object]).decode


class OpenSessions:
    """Of one process."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._wakes: dict[AccountId, dict[int, Callable[[], None]]] = {}
        self._number = 0
        self._seen = 0  # state of the directory
        self._latest = 0
        self._is_blind = False  # something may have been missed
        self._changed = asyncio.Event()
        store.watch(AccountId(DIRECTORY_SUBJECT), self._on_change)

    def __len__(self) -> int:
        """Accounts that have sessions open."""
        return len(self._wakes)

    def add(self, account: AccountId, wake: Callable[[], None]) -> Callable[[], None]:
        """``wake()`` is called when the account may not do any more what it could; the result takes it back."""
        self._number += 1
        number = self._number
        self._wakes.setdefault(account, {})[number] = wake

        def remove() -> None:
            wakes = self._wakes.get(account, {})
            wakes.pop(number, None)
            if not wakes:
                self._wakes.pop(account, None)

        return remove

    def _on_change(self, state: State) -> None:
        if state == 0 or not self._seen:
            self._is_blind = True
        self._latest = max(self._latest, state)
        self._changed.set()

    async def run(self) -> None:
        """For as long as the process runs."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self.look()
            except TransientError:
                await asyncio.sleep(AGAIN_S)
                self._changed.set()

    async def look(self) -> None:
        """Wake those whose account has changed since the last look."""
        latest = self._latest
        if not self._wakes:
            self._seen, self._is_blind = latest, False
            return
        rows = await self._store.read(journal.of_subject(DIRECTORY_SUBJECT, self._seen, ROWS_MAX))
        accounts = _accounts(rows)
        if self._is_blind or len(rows) == ROWS_MAX or accounts is None:
            accounts = list(self._wakes)
        self._seen = max([latest, *(row.state for row in rows)])
        self._is_blind = False
        for account in accounts:
            for wake in list(self._wakes.get(account, {}).values()):
                wake()


def _accounts(rows: Iterable[JournalRow]) -> list[AccountId] | None:
    """Whom the changes are about; None: it cannot be told."""
    found: dict[AccountId, None] = {}
    for row in rows:
        if row.op.startswith(_OTHERS):
            continue
        try:
            detail = _decode(row.detail)
        except UNREADABLE:
            return None
        if not detail or not isinstance(detail[0], int):
            return None
        found[AccountId(detail[0])] = None
    return list(found)
