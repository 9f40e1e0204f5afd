"""The file system of a server under test, taken away and given back while it runs (``failing.c``)."""

import struct
import subprocess
from pathlib import Path

_SOURCE = Path(__file__).with_name("failing.c")


class FailingDisk:
    """Whatever would change a file below ``root`` fails from :meth:`fail` to :meth:`mend`; reading works."""

    def __init__(self, folder: Path, root: Path) -> None:
        self._library = folder / "failing.so"
        self._errno = folder / "errno"
        self._root = root
        options = ["-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-U_FORTIFY_SOURCE"]
        subprocess.run(["gcc", *options, "-o", self._library, _SOURCE, "-ldl"], check=True)
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
