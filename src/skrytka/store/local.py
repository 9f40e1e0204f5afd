"""The store inside one process: the same writer and reader, each command a batch of its own, no socket.

For quick tests and short programs; it blocks its loop for every COMMIT.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from skrytka.model.clock import Clock
from skrytka.model.ids import AccountId, State
from skrytka.store.batch import OnFault, Request
from skrytka.store.commands.base import Command, answer_decoder
from skrytka.store.feed import FeedTable
from skrytka.store.open import open_plain_writer, open_reader
from skrytka.store.statement import Query
from skrytka.store.work import Done

R = TypeVar("R")


class LocalStore:
    """A ``Store`` that owns its folder."""

    def __init__(self, root: Path, clock: Clock, on_fault: OnFault = lambda _fault, _detail: None) -> None:
        self.writer = open_plain_writer(root, clock, on_fault)
        self.reader = open_reader(root)
        self._feed = FeedTable()

    async def submit(self, command: Command[R]) -> R:
        """See ``Store.submit``; here every command may be a retry."""
        (outcome,) = self.writer.run([Request(command, is_retry=True)])
        if not isinstance(outcome, Done):
            raise outcome.error()
        self._feed.changed(outcome.fed)
        return answer_decoder(type(command))(outcome.answer)

    async def read(self, query: Query[R]) -> R:
        """See ``Store.read``."""
        return self.reader.read(query)

    def watch(self, account: AccountId, notify: Callable[[State], None]) -> Callable[[], None]:
        """See ``Store.watch``."""
        return self._feed.watch(account, notify)

    async def close(self) -> None:
        """Free the folder."""
        self.reader.close()
        self.writer.close()
