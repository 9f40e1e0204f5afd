import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.mail.world import World

_MEMORY = Path("/dev/shm")  # a store syncs every commit; what a disk does is tested elsewhere
IN_MEMORY = _MEMORY if _MEMORY.is_dir() else None


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    root = Path(tempfile.mkdtemp(dir=IN_MEMORY)) if IN_MEMORY else tmp_path
    made = World(root)
    try:
        await made.ready()
        yield made
        await made.close()
    finally:
        if root != tmp_path:
            shutil.rmtree(root, ignore_errors=True)
