"""``store check``: recompute what the store keeps twice; a sound store has no difference."""

from collections.abc import Callable
from typing import Any

import msgspec

from skrytka.model.ids import BlobId
from skrytka.store.sql import check as sql
from skrytka.store.statement import Query

EXAMPLES_MAX = 20


class Difference(msgspec.Struct, frozen=True):
    """Rows of one rule that do not agree: how many, and the first few as text (ids in hex)."""

    rule: str
    count: int
    examples: tuple[str, ...]


class Report(msgspec.Struct, frozen=True):
    """What was compared and what differs."""

    rules: tuple[str, ...]
    differences: tuple[Difference, ...]

    @property
    def count(self) -> int:
        """0 when the store is sound."""
        return sum(difference.count for difference in self.differences)


def check(file_size: Callable[[BlobId], int | None] | None = None) -> Query[Report]:
    """Compare everything, in one snapshot; with ``file_size`` (None: no such file) also the blobs that are files."""
    differences: list[Difference] = []
    for rule, statement in sql.TABLE.items():
        _add(differences, rule, (yield statement()))
    rules = tuple(sql.TABLE)
    if file_size is not None:
        rows: Any = yield sql.FILES()
        _add(differences, "blob files", [row for row in rows if file_size(row[0]) != row[1]])
        rules += ("blob files",)
    return Report(rules, tuple(differences))


def _add(differences: list[Difference], rule: str, rows: list[tuple[object, ...]]) -> None:
    if rows:
        differences.append(Difference(rule, len(rows), tuple(_text(row) for row in rows[:EXAMPLES_MAX])))


def _text(row: tuple[object, ...]) -> str:
    return " ".join(value.hex() if isinstance(value, bytes) else str(value) for value in row)
