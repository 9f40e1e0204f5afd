from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.memory import folder_in_memory


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """As pytest's own, but in memory, and gone after the test."""
    with folder_in_memory() as folder:
        yield folder
