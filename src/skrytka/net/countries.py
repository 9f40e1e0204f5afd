"""The country of an address, offline: two sorted tables that are read when somebody first asks.

The files are those of Debian's tor-geoipdb: ``low,high,code`` a line, numbers for IPv4, addresses for IPv6, of which
the first 64 bits are kept. 3 MB in memory; a file that is not there means that no country is known.
"""

import asyncio
import ipaddress
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final

FILES: Final = ("/usr/share/tor/geoip", "/usr/share/tor/geoip6")
SLICE: Final = 200  # lines read before others get their turn: a third of a millisecond
UNKNOWN: Final = "??"


class _Table:
    """Ranges of one kind of address."""

    def __init__(self, kind: str) -> None:
        self._low = array(kind)
        self._high = array(kind)
        self._code = array("B")
        self._codes: list[str] = []
        self._numbers: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._low)

    def add(self, low: int, high: int, code: str) -> None:
        """The next range; one that is out of order would not be found, so it is left out."""
        if high < low or (self._high and low <= self._high[-1]) or len(self._codes) > 250:
            return
        number = self._numbers.setdefault(code, len(self._codes))
        if number == len(self._codes):
            self._codes.append(code)
        self._low.append(low)
        self._high.append(high)
        self._code.append(number)

    def find(self, number: int) -> str:
        at = bisect_right(self._low, number) - 1
        return self._codes[self._code[at]] if at >= 0 and number <= self._high[at] else ""


class Countries:
    """Of one process; the files are read once."""

    def __init__(self, files: Iterable[str | Path] = FILES) -> None:
        self._files = tuple(Path(file) for file in files)
        self._four = _Table("I")
        self._six = _Table("Q")
        self._lock = asyncio.Lock()
        self._is_read = False

    async def of(self, remote: str) -> str:
        """ISO 3166-1 in capitals; "" for an address of no country, or when there is no data."""
        async with self._lock:
            if not self._is_read:
                self._is_read = True
                for file in self._files:
                    await self._read(file)
        address = ipaddress.ip_address(remote)
        if isinstance(address, ipaddress.IPv4Address):
            return self._four.find(int(address))
        return self._six.find(int(address) >> 64)

    async def _read(self, path: Path) -> None:
        """What is no line of such a file is passed over."""
        try:
            text = await asyncio.to_thread(path.read_text, "ascii", "replace")
        except OSError:
            return
        lines = iter(text.splitlines())
        while part := list(islice(lines, SLICE)):
            for low, high, code in _ranges(part):
                table = self._six if low > 0xFFFFFFFF or high > 0xFFFFFFFF else self._four
                table.add(low, high, code)
            await asyncio.sleep(0)


def _ranges(lines: Iterable[str]) -> Iterator[tuple[int, int, str]]:
    for line in lines:
        low, _, rest = line.partition(",")
        high, _, code = rest.partition(",")
        number: Callable[[str], int] = _high_half if ":" in low else int
        try:
            found = number(low), number(high), code.strip().upper()
        except ValueError:
            continue
        if len(found[2]) == 2 and found[2] != UNKNOWN and max(found[:2]) <= 0xFFFFFFFFFFFFFFFF and min(found[:2]) >= 0:
            yield found


def _high_half(text: str) -> int:
    return int(ipaddress.IPv6Address(text)) >> 64
