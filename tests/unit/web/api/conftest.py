from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.mail.world import ACTOR, PASSWORD, World
from tests.unit.web.api.support import Api


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    """example.test with admin (system administrator), alice and bob; other.test with carol."""
    world = World(tmp_path)
    await world.ready()
    await world.admin.domains.add("other.test", ACTOR)
    await world.admin.accounts.add("carol@other.test", PASSWORD, ACTOR)
    world.events.events.clear()
    yield Api(world)
    await world.close()
