"""The log that ``recorder.c`` writes: built, read, record by record."""

import os
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_SOURCE = Path(__file__).with_name("recorder.c")
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


def build_recorder(folder: Path) -> Path:
    """The shared object for LD_PRELOAD."""
    library = folder / "recorder.so"
    options = ["-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-U_FORTIFY_SOURCE"]
    subprocess.run(["gcc", *options, "-o", library, _SOURCE, "-ldl"], check=True)
    return library


def recorded(library: Path, root: Path, log: Path) -> dict[str, str]:
    """The environment of a process whose changes below ``root`` are recorded."""
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
