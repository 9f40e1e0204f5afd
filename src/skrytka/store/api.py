"""The store as the layers above see it, whichever engine is below."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from skrytka.model.ids import AccountId, State
from skrytka.store.commands.base import Command
from skrytka.store.statement import Query

R = TypeVar("R")


class Store(Protocol):
    """One mail store with the directory: commands in, rows out."""

    async def submit(self, command: Command[R]) -> R:
        """The answer, after COMMIT returned.

        TransientError(STORE_BUSY | STORE_DOWN | DISK_FULL): nothing is known to have happened, the same command (same
        unit) may be sent again and then happens at most once. PermanentError: nothing happened and nothing will.
        """
        ...

    async def read(self, query: Query[R]) -> R:
        """Drive a query of ``store.sql`` in one short read transaction; with SQLite inline, without a wait."""
        ...

    def watch(self, account: AccountId, notify: Callable[[State], None]) -> Callable[[], None]:
        """Call ``notify`` with each new state of the account (0: the directory) after its COMMIT; the result ends it.

        States may be skipped (several commands in one COMMIT) and after a reconnect ``notify`` is called with 0: look.
        """
        ...


class Reader(Protocol):
    """A reading connection of one process."""

    def read(self, query: Query[R]) -> R:
        """Drive the query in one snapshot. Never wait inside: nothing else of this process runs meanwhile."""
        ...

    def close(self) -> None: ...
