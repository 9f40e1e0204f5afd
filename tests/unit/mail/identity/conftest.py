from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from skrytka.mail.identity.access_deps import AccessDeps
from tests.unit.mail.world import World


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """example.test with admin, alice and bob."""
    made = World(tmp_path)
    await made.ready()
    yield made
    await made.close()


@pytest.fixture
def access(world: World) -> AccessDeps:
    return AccessDeps(store=world.store, keys=world.keys, clock=world.clock, random=world.random)
