from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.mail.world import World


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path)
    await made.ready()
    yield made
    await made.close()
