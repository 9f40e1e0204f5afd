"""The journal: what changed, in the order of commits.

A commit number is, with SQLite, the count of COMMITs of this store; with PostgreSQL the transaction's 64-bit id, given
before commit, so a reader there stops below :data:`SAFE_BOUND` or it would skip what commits later.
"""

from typing import Any

from skrytka.model.ids import UnitId
from skrytka.store.rows import JournalRow
from skrytka.store.statement import Query, Statement

# :commit_no and :number are the driver's own (store/sql/dialect.py).
APPEND = Statement(
    "INSERT INTO journal (commit_no, number, unit, subject, state, at_ms, op, detail, before, answer)"
    " VALUES (:commit_no, :number, :unit, :subject, :state, :at_ms, :op, :detail, :before, :answer)"
    " ON CONFLICT DO NOTHING RETURNING number"
)
ANSWER_OF = Statement("SELECT answer FROM journal WHERE unit = :unit AND answer IS NOT NULL")
LAST_COMMIT = Statement("SELECT max(commit_no) FROM journal")
# The rows to delete end at the oldest that is young enough (but for those that a clock set wrong put into the future:
# they would keep all that follows for years), at what the slowest reader has shipped, at the newest row
# of all, and at the `limit`th row.
EXPIRY_BOUND = Statement(
    "SELECT (SELECT commit_no FROM journal WHERE at_ms BETWEEN :before_ms AND :latest_ms"
    " ORDER BY commit_no, number LIMIT 1),"
    " (SELECT min(shipped_commit_no) + 1 FROM journal_reader),"
    " (SELECT max(commit_no) FROM journal),"
    " (SELECT commit_no FROM journal ORDER BY commit_no, number LIMIT 1 OFFSET :limit)"
)
DELETE_BEFORE = Statement("DELETE FROM journal WHERE commit_no < :bound RETURNING number")

_AFTER = Statement(
    "SELECT commit_no, number, unit, subject, state, at_ms, op, detail, before FROM journal"
    " WHERE (commit_no, number) > (:after_commit, :after_number) AND commit_no < :bound"
    " ORDER BY commit_no, number LIMIT :limit"
)
_OF_SUBJECT = Statement(
    "SELECT commit_no, number, unit, subject, state, at_ms, op, detail, before FROM journal"
    " WHERE subject = :subject AND state > :since ORDER BY state, number LIMIT :limit"
)
_HAS_ROW = Statement("SELECT 1 FROM journal WHERE subject = :subject AND state = :state LIMIT 1")
_OPS_SINCE = Statement("SELECT DISTINCT op FROM journal WHERE subject = :subject AND state > :since")
_STATES = Statement("SELECT subject, max(state) FROM journal WHERE subject >= 0 GROUP BY subject")
NO_BOUND = 2**62


def answer_of(unit: UnitId) -> Query[bytes | None]:
    """The encoded answer of a unit that committed; None if it did not."""
    rows: Any = yield ANSWER_OF(unit=unit)
    return rows[0][0] if rows else None


def after(position: tuple[int, int], limit: int, bound: int = NO_BOUND) -> Query[list[JournalRow]]:
    """Rows after that one (its commit number, its number) and before commit ``bound``, in order.

    With PostgreSQL ``bound`` is the store's safe bound.
    """
    commit_no, number = position
    rows: Any = yield _AFTER(after_commit=commit_no, after_number=number, bound=bound, limit=limit)
    return [JournalRow._make(row) for row in rows]


def of_subject(subject: int, since: int, limit: int) -> Query[list[JournalRow]]:
    """Rows of one subject after a state, in order."""
    rows: Any = yield _OF_SUBJECT(subject=subject, since=since, limit=limit)
    return [JournalRow._make(row) for row in rows]


def ops_since(subject: int, since: int) -> Query[frozenset[str]]:
    """What kinds of change a subject has seen after a state, as far back as the journal is kept."""
    rows: Any = yield _OPS_SINCE(subject=subject, since=since)
    return frozenset(op for (op,) in rows)


def has_row(subject: int, state: int) -> Query[bool]:
    """Whether the change that made this state is kept: then all later ones of the subject are."""
    return bool((yield _HAS_ROW(subject=subject, state=state)))


def states() -> Query[dict[int, int]]:
    """The newest state the journal knows of each subject that has states."""
    rows: Any = yield _STATES()
    return dict(rows)
