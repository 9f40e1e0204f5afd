"""The store under test, once per engine: what passes here on SQLite passes on PostgreSQL."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from skrytka.model.clock import FixedClock
from skrytka.store.local import LocalStore
from tests.support.postgres import PostgresServer, postgres_server
from tests.support.store import StoreCase

ENGINES = [
    "sqlite",
    pytest.param("postgres", marks=[pytest.mark.needs("postgresql-15"), pytest.mark.xdist_group("postgres")]),
]


# One database for all tests of a run: emptying it takes 5 ms, a new one 150 ms.
EMPTY = """
DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT IN ('meta', 'migration')
    LOOP EXECUTE 'DELETE FROM ' || quote_ident(name); END LOOP;
    UPDATE meta SET value = 0;
END $$
"""


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def database(postgres: PostgresServer) -> str:
    return postgres.new_database()


@pytest.fixture(params=ENGINES)
async def case(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[StoreCase]:
    """A new store; after the test it has to be sound."""
    clock = FixedClock()
    root = tmp_path / "store"
    if request.param == "sqlite":
        local = LocalStore(root, clock)
        case = StoreCase(local, root, "sqlite", clock)
        close = local.close
    else:
        from skrytka.store.drivers.postgres import open_postgres

        remote = await open_postgres(request.getfixturevalue("database"), root, clock, connections=2)
        async with remote._pool.acquire() as connection:
            await connection.execute(EMPTY)
        case = StoreCase(remote, root, "postgres", clock)
        close = remote.close
    yield case
    differences = await case.differences()
    await close()
    assert len(differences) == case.expected_differences, differences
