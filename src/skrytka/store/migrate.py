"""Numbered migrations with checksums; the same files for both engines.

A store whose schema is newer, or whose applied migrations are not ours, is refused and left as it is.
"""

import re
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from skrytka.model.errors import PermanentError, Reason
from skrytka.store.statement import Query, Statement

FOLDER = Path(__file__).parent / "sql" / "migrations"
_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql\Z")
_COMMENT = re.compile(r"--[^\n]*")

_CREATE = Statement(
    "CREATE TABLE IF NOT EXISTS migration (number INTEGER NOT NULL PRIMARY KEY, checksum TEXT NOT NULL,"
    " applied_at_ms INTEGER NOT NULL) STRICT"
)
_APPLIED = Statement("SELECT number, checksum FROM migration ORDER BY number")
_RECORD = Statement("INSERT INTO migration (number, checksum, applied_at_ms) VALUES (:number, :checksum, :now_ms)")


class Migration(NamedTuple):
    """One file."""

    number: int
    checksum: str
    statements: tuple[Statement, ...]


@cache
def migrations(folder: Path = FOLDER) -> tuple[Migration, ...]:
    """All files by number; ValueError if the numbers do not run 1, 2, 3..."""
    found = [_load(path) for path in sorted(folder.glob("*.sql"))]
    if [migration.number for migration in found] != list(range(1, len(found) + 1)):
        raise ValueError("migrations are numbered 0001, 0002, ... without a gap")
    return tuple(found)


def _load(path: Path) -> Migration:
    match = _NAME.match(path.name)
    if match is None:
        raise ValueError(f"{path.name} is no name of a migration")
    text = path.read_text(encoding="utf-8")
    parts = [part.strip() for part in _COMMENT.sub("", text).split(";")]
    statements = tuple(Statement(part) for part in parts if part)
    return Migration(int(match[1]), sha256(text.encode()).hexdigest(), statements)


def migrate(now_ms: int, known: tuple[Migration, ...] | None = None) -> Query[int]:
    """Bring the schema up to date, in the caller's transaction; how many migrations were applied."""
    known = migrations() if known is None else known
    yield _CREATE()
    applied = yield from check_applied(known)
    for migration in known[applied:]:
        for statement in migration.statements:
            yield statement()
        yield _RECORD(number=migration.number, checksum=migration.checksum, now_ms=now_ms)
    return len(known) - applied


def check_applied(known: tuple[Migration, ...] | None = None) -> Query[int]:
    """How many migrations are applied; PermanentError(UNSUPPORTED) if they are not the first of ours."""
    known = migrations() if known is None else known
    rows: Any = yield _APPLIED()
    if len(rows) > len(known):
        raise PermanentError(Reason.UNSUPPORTED, f"the store has schema {len(rows)}, this version knows {len(known)}")
    for (number, checksum), migration in zip(rows, known, strict=False):
        if (number, checksum) != (migration.number, migration.checksum):
            raise PermanentError(Reason.UNSUPPORTED, f"migration {number} of the store is not the one of this version")
    return len(rows)


def check_current() -> Query[None]:
    """PermanentError(UNSUPPORTED) unless the schema is exactly the one this version works with."""
    applied = yield from check_applied()
    if applied < len(migrations()):
        raise PermanentError(
            Reason.UNSUPPORTED, f"the store has schema {applied}, it is to be brought up to date first"
        )
