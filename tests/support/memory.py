"""Folders in memory, where the machine has such a place: a store syncs each commit, few tests are about that."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SHARED = Path("/dev/shm")
IN_MEMORY = _SHARED if _SHARED.is_dir() else None  # for ``dir=`` of tempfile


@contextmanager
def folder_in_memory() -> Iterator[Path]:
    """Gone afterwards: thousands of stores would fill the memory."""
    with tempfile.TemporaryDirectory(prefix="skrytka-unit-", dir=IN_MEMORY, ignore_cleanup_errors=True) as folder:
        yield Path(folder)
