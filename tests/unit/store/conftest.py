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


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server


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

        server = request.getfixturevalue("postgres")
        remote = await open_postgres(server.new_database(), root, clock, connections=4)
        case = StoreCase(remote, root, "postgres", clock)
        close = remote.close
    yield case
    differences = await case.differences()
    await close()
    assert len(differences) == case.expected_differences, differences
