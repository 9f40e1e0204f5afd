"""What a question to the database is: a constant statement, its values, and a generator that asks and is told.

Handlers and queries never touch a driver. They yield a :data:`Call` and are sent the :data:`Rows` of its answer; each
driver turns a statement's text into its own dialect once (``compiled`` caches by identity, so statements are module
constants) and drives the same generator.
"""

import re
from collections.abc import Generator, Mapping
from typing import TypeAlias, TypeVar

Value: TypeAlias = "int | float | str | bytes | None"
Row: TypeAlias = tuple[object, ...]
Rows: TypeAlias = list[Row]
R = TypeVar("R")

PARAMETER = re.compile(r"(?<![:\w]):([a-z_][a-z0-9_]*)")


class Statement:
    """One SQL text in the common subset, values as ``:name``. Calling it binds values: ``SELECT_X(account=1)``."""

    __slots__ = ("names", "sql")

    def __init__(self, sql: str) -> None:
        self.sql = " ".join(sql.split())
        self.names = tuple(dict.fromkeys(PARAMETER.findall(self.sql)))

    def __call__(self, /, **values: Value) -> "Call":
        return self, values

    def __repr__(self) -> str:
        return f"Statement({self.sql!r})"


Call: TypeAlias = tuple[Statement, Mapping[str, Value]]
Query: TypeAlias = Generator[Call, Rows, R]
