"""Every difference between the two engines' SQL, in one table; each has a conformance test.

All statements are written for SQLite. :func:`sqlite` and :func:`postgres` give a driver its own text of a statement,
made once per statement object.
"""

import re
from typing import NamedTuple

from skrytka.store.statement import PARAMETER, Statement

OWN_VALUES = frozenset({"commit_no"})  # parameters that PostgreSQL computes itself


class Exception_(NamedTuple):  # noqa: N801 - an exception to the common subset, not one that is raised
    """``sqlite`` is what statements say, ``postgres`` what it becomes there."""

    name: str
    sqlite: str
    postgres: str


EXCEPTIONS = (
    Exception_("64-bit integers", r"\bINTEGER\b", "BIGINT"),
    Exception_("byte strings", r"\bBLOB\b", "BYTEA"),
    Exception_("clustered tables", r" WITHOUT ROWID, STRICT\b", ""),
    Exception_("strict types", r" STRICT\b", ""),
    Exception_("commit number", r":commit_no\b", "CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT)"),
)
_COMPILED = tuple((re.compile(row.sqlite), row.postgres) for row in EXCEPTIONS)


def sqlite(statement: Statement) -> str:
    """The text as it stands: SQLite takes ``:name``."""
    return statement.sql


def postgres(statement: Statement) -> tuple[str, tuple[str, ...]]:
    """The text with ``$n``, and the names whose values go there."""
    text = statement.sql
    for pattern, replacement in _COMPILED:
        text = pattern.sub(replacement, text)
    names = tuple(name for name in statement.names if name not in OWN_VALUES)
    places = {name: f"${number}" for number, name in enumerate(names, 1)}
    return PARAMETER.sub(lambda match: places[match[1]], text), names
