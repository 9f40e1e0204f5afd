"""Accounts that nearly all mail is for, kept by their own address until the directory changes.

A read of the database finds its pages dropped by every COMMIT of the writer, and costs a front 60 to 150 µs a
recipient. Only what no delivery changes is kept: an account with a quota is read each time.

What is kept is never older than the directory's last COMMIT that this process was told of: the store process tells it
right after its answer, and a new one is asked for all anew. For the instant between, mail may still be taken for an
address that goes; so it may between RCPT and the end of any message.
"""

from typing import Final

from skrytka.mail.delivery.types import Target
from skrytka.model.ids import AccountId, State
from skrytka.store.api import Store
from skrytka.store.rows import DIRECTORY_SUBJECT

KNOWN_MAX: Final = 10_000  # addresses: some 5 MB


class KnownAccounts:
    """Only for a store that tells of every change (the store process does; of several nodes none would)."""

    def __init__(self, store: Store) -> None:
        self._targets: dict[str, tuple[Target, ...]] = {}
        store.watch(AccountId(DIRECTORY_SUBJECT), self._changed)

    def __len__(self) -> int:
        return len(self._targets)

    def targets(self, key: str) -> tuple[Target, ...] | None:
        """Who takes mail for an account's own address (``Address.key``); None: look it up."""
        return self._targets.get(key)

    def keep(self, key: str, targets: tuple[Target, ...]) -> None:
        """What was read just now, without a wait since."""
        if len(self._targets) >= KNOWN_MAX:
            self._targets.clear()
        self._targets[key] = targets

    def _changed(self, _state: State) -> None:
        self._targets.clear()
