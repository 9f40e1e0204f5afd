"""Small files that must be whole or absent, and whose mode must be right from their first byte."""

import os
from pathlib import Path

from skrytka.store.files import sync_folder


def write_private(path: Path, data: bytes, *, mode: int = 0o600) -> None:
    """Replace the file in one step, on disk when this returns."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, mode)
    try:
        os.fchmod(fd, mode)  # the umask may have taken bits away
        with open(fd, "wb", closefd=False) as file:
            file.write(data)
        os.fsync(fd)
    finally:
        os.close(fd)
    fresh.replace(path)
    sync_folder(path.parent)
