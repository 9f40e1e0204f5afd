"""What is PostgreSQL's own: locks, lost connections, what a journal reader may trust."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from skrytka.model.clock import FixedClock
from skrytka.model.errors import Reason, TransientError
from skrytka.store.commands import AddDomain
from skrytka.store.drivers.postgres import PostgresStore, open_postgres
from skrytka.store.sql import directory, journal, messages
from tests.support.postgres import PostgresServer
from tests.support.store import INBOX, StoreCase, deliver

pytestmark = [pytest.mark.needs("postgresql-15"), pytest.mark.xdist_group("postgres")]


@pytest.fixture
async def remote(postgres: PostgresServer, tmp_path: Path) -> AsyncIterator[PostgresStore]:
    store = await open_postgres(postgres.new_database(), tmp_path, FixedClock(), connections=8)
    yield store
    await store.close()


async def test_many_commands_on_the_same_accounts_never_deadlock(remote: PostgresStore, tmp_path: Path) -> None:
    case = StoreCase(remote, tmp_path, "postgres", FixedClock())
    alice, bob = await case.two_accounts()
    async with asyncio.TaskGroup() as group:
        for number in range(40):
            accounts = (alice, bob) if number % 2 else (bob, alice)
            group.create_task(remote.submit(deliver(case.ids, *accounts)))
    assert [row[0] for row in await remote.read(messages.snapshot(alice, INBOX))] == list(range(1, 41))
    assert await case.differences() == []


async def test_the_same_unit_at_the_same_time_happens_once(remote: PostgresStore, tmp_path: Path) -> None:
    case = StoreCase(remote, tmp_path, "postgres", FixedClock())
    alice, _ = await case.two_accounts()
    command = deliver(case.ids, alice)
    answers = await asyncio.gather(*(remote.submit(command) for _ in range(6)))
    assert answers == [answers[0]] * 6
    assert len(await remote.read(messages.snapshot(alice, INBOX))) == 1


async def test_no_journal_row_appears_below_the_safe_bound(remote: PostgresStore, tmp_path: Path) -> None:
    case = StoreCase(remote, tmp_path, "postgres", FixedClock())
    alice, bob = await case.two_accounts()
    async with remote._pool.acquire() as slow:
        transaction = slow.transaction()
        await transaction.start()
        open_id = await slow.fetchval("SELECT CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT)")
        await remote.submit(deliver(case.ids, alice))
        bound = await remote.safe_bound()
        assert bound <= open_id
        rows = await remote.read(journal.after((0, 0), 1000, bound=bound))
        assert all(row.commit_no < open_id for row in rows), "the delivery committed, yet it is not safe to pass it"
        await transaction.rollback()
    bound = await remote.safe_bound()
    assert (await remote.read(journal.after((0, 0), 1000, bound=bound)))[-1].op == "deliver"
    assert bob


async def test_lost_connections_are_replaced_and_nothing_happens_twice(
    remote: PostgresStore, postgres: PostgresServer, tmp_path: Path
) -> None:
    case = StoreCase(remote, tmp_path, "postgres", FixedClock())
    alice, _ = await case.two_accounts()
    for _ in range(3):
        async with asyncio.TaskGroup() as group:
            for _ in range(10):
                group.create_task(remote.submit(deliver(case.ids, alice)))
            await asyncio.to_thread(
                postgres.sql,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend'"
                " AND pid <> pg_backend_pid()",
            )
    for _ in range(10):  # a backend may end while it answers this: that is a TransientError, and asked again
        with suppress(TransientError):
            await remote.read(messages.snapshot(alice, INBOX))
    assert len(await remote.read(messages.snapshot(alice, INBOX))) == 30
    assert await case.differences() == []


async def test_a_server_that_is_not_there_is_a_transient_error(tmp_path: Path) -> None:
    with pytest.raises(TransientError) as caught:
        await open_postgres(f"postgresql://postgres@/x?host={tmp_path}", tmp_path / "s", FixedClock())
    assert caught.value.reason is Reason.STORE_DOWN


async def test_a_second_node_finds_the_schema_there(postgres: PostgresServer, tmp_path: Path) -> None:
    dsn = postgres.new_database()
    stores = await asyncio.gather(*(open_postgres(dsn, tmp_path / str(n), FixedClock()) for n in range(3)))
    await stores[0].submit(AddDomain(unit=b"u" * 16, name="a.test"))  # type: ignore[arg-type]
    assert [row.name for row in await stores[2].read(directory.domains())] == ["a.test"]
    for store in stores:
        await store.close()


def test_the_server_of_the_tests_is_our_own(postgres: PostgresServer) -> None:
    os.kill(postgres.pid, signal.SIG_DFL)
