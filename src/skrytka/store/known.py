"""What was read of the directory, kept until the directory changes.

Only for a store that tells this process of every change. What it took a read to find out may be old before it is kept:
whoever reads takes ``changes`` before, and what has changed since then is not kept.
"""

from typing import Generic, TypeVar

from skrytka.model.ids import AccountId, State
from skrytka.store.api import Store
from skrytka.store.rows import DIRECTORY_SUBJECT

K = TypeVar("K")
V = TypeVar("V")


class KnownOfDirectory(Generic[K, V]):
    """Of one process; watches the directory for as long as the store is open."""

    __slots__ = ("_entries", "_most", "changes", "get")

    def __init__(self, store: Store, most: int) -> None:
        self._most = most
        self._entries: dict[K, V] = {}
        self.get = self._entries.get  # None: read it
        self.changes = 0  # as long as it is the same, all answers are
        store.watch(AccountId(DIRECTORY_SUBJECT), self._changed)

    def keep(self, key: K, value: V, changes: int) -> None:
        """What was read when the count was ``changes``. A full table is emptied: it is full of what few ask for."""
        if changes == self.changes:
            if len(self._entries) >= self._most:
                self._entries.clear()
            self._entries[key] = value

    def _changed(self, _state: State) -> None:
        self.changes += 1
        self._entries.clear()
