"""The file of ``mail.admin.dns_memory``: ``store/dns.json``."""

from pathlib import Path

import msgspec

from skrytka.daemon.files import write_private
from skrytka.mail.admin.dns_memory import Memory
from skrytka.model.errors import UNREADABLE


class DnsFile:
    """A :class:`MemoryKeeper`; a file that is not there or damaged is an empty one. One of a process is enough."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._memory: Memory | None = None

    def load(self) -> Memory:
        if self._memory is None:
            self._memory = self._read()
        return self._memory

    def _read(self) -> Memory:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Memory)
        except (OSError, *UNREADABLE):
            return Memory()

    def save(self, memory: Memory) -> None:
        """On disk when this returns; OSError, and this process knows it all the same."""
        self._memory = memory
        write_private(self._path, msgspec.json.encode(memory))
