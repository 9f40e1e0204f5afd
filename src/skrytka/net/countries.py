"""The country of an address, offline: looked up in sorted files, of which nothing is kept in memory.

The files are those of Debian's tor-geoipdb: ``low,high,code`` a line in rising order, numbers for IPv4, addresses for
IPv6. A look takes some twenty reads of a quarter kilobyte (100 µs); a file that is not there, or is none of this kind,
means that no country is known. The files are opened once: a new package is seen by the next start.
"""

import ipaddress
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

FILES: Final = ("/usr/share/tor/geoip", "/usr/share/tor/geoip6")
LINE_MAX: Final = 128  # two addresses of IPv6, a code
UNKNOWN: Final = "??"


class _File:
    """One file of ranges."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._size = os.fstat(self._fd).st_size
        self.version = 6 if b":" in self._line(max(0, self._size - 2))[1] else 4  # of its addresses

    def find(self, address: int) -> str:
        """Halves what is left, from the middle of the file on, until the last line that begins at or before it."""
        low, high, found = 0, self._size, b""
        while low < high:
            begin, line = self._line((low + high) // 2)
            first = _number(line.partition(b",")[0])
            if first is None or first <= address:
                low = max(begin + len(line) + 1, low + 1)
                found = line if first is not None else found
            else:
                high = begin
        return _code(found, address)

    def _line(self, at: int) -> tuple[int, bytes]:
        """The line that has that octet, and where it begins."""
        start = max(0, at - LINE_MAX)
        octets = os.pread(self._fd, at - start + LINE_MAX, start)
        begin = octets.rfind(b"\n", 0, at - start) + 1
        return start + begin, octets[begin:].partition(b"\n")[0]


class Countries:
    """Of one process."""

    def __init__(self, files: Iterable[str | Path] = FILES) -> None:
        self._paths = tuple(Path(file) for file in files)
        self._files: tuple[_File, ...] | None = None

    async def of(self, remote: str) -> str:
        """ISO 3166-1 in capitals; "" for an address of no country, or when there is no data."""
        address = ipaddress.ip_address(remote)
        try:
            if self._files is None:
                self._files = tuple(_File(path) for path in self._paths if path.is_file())
            found = (file.find(int(address)) for file in self._files if file.version == address.version)
            return next((code for code in found if code), "")
        except OSError:
            return ""


def _number(text: bytes) -> int | None:
    """None for a comment and whatever else is no address."""
    try:
        return int(ipaddress.IPv6Address(text.decode("ascii"))) if b":" in text else int(text)
    except ValueError:
        return None


def _code(line: bytes, address: int) -> str:
    low, _, rest = line.partition(b",")
    high, _, code = rest.partition(b",")
    first, last = _number(low), _number(high)
    name = code.strip().decode("ascii", "replace").upper()
    if first is None or last is None or not first <= address <= last or len(name) != 2 or name == UNKNOWN:
        return ""
    return name
