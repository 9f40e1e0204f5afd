"""The wall clock of a server under test, set by the test while it runs (``clock.c``)."""

import struct
from pathlib import Path

from tests.support.faults.preload import preloaded


class WallClock:
    """Beside the machine's own by so many seconds; monotonic time is not touched."""

    def __init__(self, folder: Path) -> None:
        self._library = preloaded("clock", folder)
        self._offset = folder / "offset"
        self.set(0)

    def set(self, seconds: int) -> None:
        """Every process that has it sees it from now on."""
        with self._offset.open("r+b" if self._offset.exists() else "wb") as file:
            file.write(struct.pack("<q", seconds))

    @property
    def environment(self) -> dict[str, str]:
        """Of a server that is to have this clock."""
        return {"LD_PRELOAD": str(self._library), "CLOCK_OFFSET": str(self._offset)}
