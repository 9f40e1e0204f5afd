"""The log that ``recorder.c`` writes: built, read, record by record."""

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.support.faults.preload import preloaded

_HEAD = struct.Struct("<IcxxxIIQQQ")
_MAGIC = 0x534B5246


class Record(NamedTuple):
    """``kind``: C created, W written, T truncated, S sync began, E ended, R renamed, U unlinked, M mkdir, A accepted,
    N noted by a test.

    ``a`` is the offset of W, the size of T, the number of S and E; ``b`` is 1 for the sync of a folder.
    """

    kind: str
    pid: int
    inode: int
    a: int
    b: int
    data: bytes

    @property
    def path(self) -> str:
        return self.data.decode()


def recorded(folder: Path, root: Path, log: Path) -> dict[str, str]:
    """The environment of a process whose changes below ``root`` are recorded; what does it is built in ``folder``."""
    library = preloaded("recorder", folder)
    return {"LD_PRELOAD": str(library), "RECORDER_ROOT": os.path.realpath(root), "RECORDER_LOG": str(log)}


def records(log: Path) -> Iterator[Record]:
    """All of them, in the order in which they happened."""
    data = log.read_bytes()
    at = 0
    while at < len(data):
        magic, kind, pid, length, inode, a, b = _HEAD.unpack_from(data, at)
        assert magic == _MAGIC, f"the log is torn at {at}"
        at += _HEAD.size
        yield Record(kind.decode(), pid, inode, a, b, data[at : at + length])
        at += length


def append_note(log: Path, data: bytes) -> None:
    """Put a record of the test's own behind all that has happened by now."""
    with log.open("ab", buffering=0) as file:
        file.write(_HEAD.pack(_MAGIC, b"N", os.getpid(), len(data), 0, 0, 0) + data)
