"""Passwords that are known from breaches: a file of hashes on this machine, asked without telling anybody.

The administrator imports it (``breach_import``); its format is in docs/formats.md, "Breach list". A look-up reads some
thirty places of the mapped file; the pages come from the disk, so it is done in a thread. Nothing is there: nothing is
known to be breached.
"""

import hashlib
import mmap
import os
from bisect import bisect_left
from pathlib import Path
from typing import Final

from skrytka.model.errors import PermanentError, Reason

MAGIC: Final = b"SKP\x01"
HEAD_BYTES: Final = 16  # magic 4, zero 4, count 8
PREFIX_BYTES: Final = 8  # of SHA-1: with a thousand million hashes one good password in 2 * 10^10 looks breached


def head(count: int) -> bytes:
    """What the file begins with."""
    return MAGIC + bytes(4) + count.to_bytes(8, "big")


def prefix_of(password: bytes) -> bytes:
    """SHA-1 is what the published lists are made of; here it protects nothing."""
    return hashlib.sha1(password, usedforsecurity=False).digest()[:PREFIX_BYTES]


class BreachList:
    """One list, opened when it is asked for the first time and again when another one took its place.

    Blocking, for one thread at a time.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None  # device, inode, size of what is open
        self._map: mmap.mmap | None = None
        self._count = 0

    def __len__(self) -> int:
        """How many hashes; 0 when there is no list. Errors: as :meth:`has`."""
        self._refresh()
        return self._count

    def __getitem__(self, place: int) -> bytes:
        """A prefix by its place, for bisect."""
        assert self._map is not None  # noqa: S101 - of a list that has something
        start = HEAD_BYTES + place * PREFIX_BYTES
        return self._map[start : start + PREFIX_BYTES]

    def has(self, password: bytes) -> bool:
        """Whether it was in a breach; PermanentError(CORRUPT) for a file that is no such list."""
        self._refresh()
        wanted = prefix_of(password)
        place = bisect_left(self, wanted, 0, self._count)
        return place < self._count and self[place] == wanted

    def close(self) -> None:
        """Let go of the file."""
        if self._map is not None:
            self._map.close()
        self._map, self._count, self._seen = None, 0, None

    def _refresh(self) -> None:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            self.close()
            return
        if self._seen == (found.st_dev, found.st_ino, found.st_size):
            return
        self.close()
        fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self._open(fd)
        finally:
            os.close(fd)

    def _open(self, fd: int) -> None:
        found = os.fstat(fd)
        raw = os.pread(fd, HEAD_BYTES, 0)
        count = int.from_bytes(raw[8:], "big")
        if len(raw) != HEAD_BYTES or raw != head(count) or found.st_size != HEAD_BYTES + count * PREFIX_BYTES:
            said = f"{self._path} is no breach list: import it again with `skrytka password breaches import`"
            raise PermanentError(Reason.CORRUPT, said)
        self._map = mmap.mmap(fd, found.st_size, access=mmap.ACCESS_READ)
        self._map.madvise(mmap.MADV_RANDOM)
        self._count = count
        self._seen = (found.st_dev, found.st_ino, found.st_size)
