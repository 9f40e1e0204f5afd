"""The table of exceptions between the engines."""

import pytest

from skrytka.store.migrate import migrations
from skrytka.store.sql import check, directory, journal, mailboxes, messages, outbound, queue
from skrytka.store.sql.dialect import EXCEPTIONS, postgres, sqlite
from skrytka.store.statement import Statement
from tests.support.store import StoreCase, deliver

MODULES = (check, directory, journal, mailboxes, messages, outbound, queue)

CASES = {
    "64-bit integers": ("CREATE TABLE t (a INTEGER)", "CREATE TABLE t (a BIGINT)"),
    "byte strings": ("CREATE TABLE blob (a BLOB)", "CREATE TABLE blob (a BYTEA)"),
    "clustered tables": ("CREATE TABLE t (a TEXT) WITHOUT ROWID, STRICT", "CREATE TABLE t (a TEXT)"),
    "strict types": ("CREATE TABLE t (a TEXT) STRICT", "CREATE TABLE t (a TEXT)"),
    "commit number": (
        "INSERT INTO t VALUES (:commit_no, :number)",
        "INSERT INTO t VALUES (CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT), $1)",
    ),
}


def test_the_table_is_short_and_each_exception_is_shown_here() -> None:
    assert len(EXCEPTIONS) <= 15
    assert {row.name for row in EXCEPTIONS} == set(CASES)


@pytest.mark.parametrize("name", list(CASES))
def test_an_exception_changes_what_it_names_and_nothing_else(name: str) -> None:
    text, expected = CASES[name]
    statement = Statement(text)
    assert sqlite(statement) == text
    assert postgres(statement)[0] == expected


def test_parameters_are_numbered_in_their_order() -> None:
    statement = Statement("SELECT :b, :a, :b")
    assert postgres(statement) == ("SELECT $1, $2, $1", ("b", "a"))


def test_no_statement_of_ours_holds_a_value() -> None:
    statements = [value for module in MODULES for value in vars(module).values() if isinstance(value, Statement)]
    assert len(statements) > 60
    for statement in statements:
        text, names = postgres(statement)
        assert ":" not in text
        assert set(names) <= set(statement.names)


async def test_the_schema_stands_on_both_engines(case: StoreCase) -> None:
    assert len(migrations()) >= 1
    assert await case.store.read(directory.domains()) == []


async def test_commit_numbers_rise_on_both_engines(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    for _ in range(3):
        await case.store.submit(deliver(case.ids, alice))
    rows = await case.store.read(journal.of_subject(alice, since=0, limit=10))
    numbers = [row.commit_no for row in rows]
    assert numbers == sorted(set(numbers))


async def test_integers_of_63_bits_and_any_bytes_are_kept_on_both_engines(case: StoreCase) -> None:
    alice, _ = await case.two_accounts()
    every = bytes(range(256))
    await case.store.submit(deliver(case.ids, alice, received_at_ms=2**62, summary=every, flags=1 << 47))
    from skrytka.store.ranges import ALL
    from tests.support.store import INBOX

    (row,) = await case.store.read(messages.by_uids(alice, INBOX, ALL))
    assert (row.received_at_ms, row.flags) == (2**62, 1 << 47)
    assert (await case.store.read(messages.summaries(alice, INBOX, ALL)))[0][2] == every
