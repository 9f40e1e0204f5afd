"""The file system of a server under test, taken away and given back while it runs (``failing.c``)."""

import struct
from pathlib import Path

from tests.support.faults.preload import preloaded


class FailingDisk:
    """Whatever would change a file below ``root`` fails from :meth:`fail` to :meth:`mend`; reading works."""

    def __init__(self, folder: Path, root: Path) -> None:
        self._library = preloaded("failing", folder)
        self._errno = folder / "errno"
        self._root = root
        self._errno.write_bytes(struct.pack("<i", 0))

    def fail(self, number: int) -> None:
        """With this errno."""
        with self._errno.open("r+b") as file:
            file.write(struct.pack("<i", number))

    def mend(self) -> None:
        self.fail(0)

    @property
    def environment(self) -> dict[str, str]:
        """Of a server that is to have this disk."""
        return {
            "LD_PRELOAD": str(self._library),
            "FAILING_ROOT": str(self._root.resolve()),
            "FAILING_ERRNO": str(self._errno),
        }
