"""What the store process needs of the writer of its engine."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, TypeAlias

from skrytka.model.errors import SkrytkaError
from skrytka.store.commands.base import Command
from skrytka.store.work import Done, Failure

Outcome: TypeAlias = Done | Failure
OnFault: TypeAlias = Callable[[str, str], None]  # id of docs/faults.md, detail


class Request(NamedTuple):
    """A command to run; ``is_retry`` when it may have committed before."""

    command: Command[Any]
    is_retry: bool = False


class StoreBrokenError(SkrytkaError):
    """The file cannot be opened again after a COMMIT of unknown end: this process can answer nobody."""


class BatchWriter(Protocol):
    """The one writer of a store."""

    def run(self, requests: Sequence[Request]) -> list[Outcome]:
        """Run them in this order and commit once; the outcomes are true when this returns."""
        ...

    def tidy(self) -> None:
        """What may be done after a batch, once its answers are on their way."""
        ...

    def idle(self) -> None:
        """What may be done when nothing has come for a second."""
        ...

    def close(self) -> None:
        """Free the store."""
        ...
