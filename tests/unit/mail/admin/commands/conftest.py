from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.mail.world import PASSWORD, World


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """example.test with admin, alice and bob; other.test with carol."""
    made = World(tmp_path)
    await made.ready()
    await made.admin.domains.add("other.test", "local root")
    await made.admin.accounts.add("carol@other.test", PASSWORD, "local root")
    made.events.events.clear()
    yield made
    await made.close()
