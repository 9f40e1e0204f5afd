"""Where an address is, by databases of the administrator (``.mmdb``), and by what Debian has where he has none.

A database is opened once, and nothing of it is kept in memory. It is read, not mapped: whoever overwrites a mapped file
ends the process (SIGBUS). A look takes some 100 µs of pure Python, for what a file of others says is not parsed by C
code in a process that holds keys. Whatever a look raises means that nothing is known of that
address; the first such look of a database is told.
"""

import ipaddress
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Protocol

from skrytka.model.errors import PermanentError, Reason
from skrytka.net.countries import Countries

PROBES: Final = 64  # looks at the start, over all addresses: what is damaged is mostly seen by them
_TREE_END: Final = 16  # octets of nothing between the tree and its records


class Reader(Protocol):
    """``maxminddb.reader.Reader``."""

    def get(self, ip_address: Any) -> object: ...

    def metadata(self) -> Any: ...

    def close(self) -> None: ...


class Database:
    """One file. PermanentError(BAD_CONFIG) says what is wrong with it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._reader = _opened(path)
        try:
            _check_size(self._reader.metadata(), path.stat().st_size)
            for address in _probes(self._reader.metadata().ip_version):
                self._reader.get(address)
        except Exception as exc:  # the reader raises whatever a damaged file leads it to
            self.close()
            raise _damaged(path, exc) from exc

    def close(self) -> None:
        """Nothing is found any more."""
        self._reader.close()

    def find(self, remote: str) -> object:
        """What it has about an address; None for nothing. PermanentError(CORRUPT) where it is damaged."""
        address = ipaddress.ip_address(remote)
        try:
            if address.version == 6 and self._reader.metadata().ip_version == 4:
                return None
            return self._reader.get(address)
        except Exception as exc:
            raise PermanentError(Reason.CORRUPT, f"{self.path}: {type(exc).__name__}") from exc


Opened = tuple[Database | None, Database | None]  # of countries, of providers


class Geography:
    """Of one process: the country and the provider of an address."""

    def __init__(
        self,
        countries: Countries,
        tell: Callable[[str], None],
        *,
        country: Path | None = None,
        provider: Path | None = None,
    ) -> None:
        """``tell`` hears once what is wrong with a database."""
        self._countries = countries
        self._tell = tell
        self._told: set[Path] = set()
        self._country, self._provider = self.opened(country, provider)

    def opened(self, country: Path | None, provider: Path | None) -> Opened:
        """Databases to be used; one that cannot be is told, and there is none. It reads all over them: in a thread."""
        return self._open(country), self._open(provider)

    def use(self, opened: Opened) -> None:
        """From now on those; where nobody looks into the others at the same time."""
        self.close()
        self._country, self._provider = opened
        self._told.clear()

    def close(self) -> None:
        """Let go of the files."""
        for database in (self._country, self._provider):
            if database is not None:
                database.close()

    async def of(self, remote: str) -> str:
        """The country: ISO 3166-1 in capitals; "" for an address of none, or when nothing is known."""
        if self._country is None:
            return await self._countries.of(remote)
        code = _at(self._find(self._country, remote), "country", "iso_code")
        return code.upper() if isinstance(code, str) and len(code) == 2 and code.isascii() and code.isalpha() else ""

    def provider_of(self, remote: str) -> str:
        """The autonomous system that announces the address, "AS64500"; "" when nothing is known."""
        if self._provider is None:
            return ""
        number = _at(self._find(self._provider, remote), "autonomous_system_number")
        return f"AS{number}" if isinstance(number, int) and 0 < number < 2**32 else ""

    def _open(self, path: Path | None) -> Database | None:
        try:
            return Database(path) if path is not None else None
        except PermanentError as exc:
            self._tell(exc.detail)
            return None

    def _find(self, database: Database, remote: str) -> object:
        try:
            return database.find(remote)
        except PermanentError as exc:
            if database.path not in self._told:
                self._told.add(database.path)
                self._tell(exc.detail)
            return None


def _opened(path: Path) -> Reader:
    try:
        import maxminddb  # noqa: PLC0415 - an extra, for who has such a file
    except ImportError:
        said = f"{path}: reading .mmdb files wants the extra geoip: pip install 'skrytka[geoip]'"
        raise PermanentError(Reason.BAD_CONFIG, said) from None
    try:
        return maxminddb.open_database(path, maxminddb.MODE_FILE)
    except OSError as exc:
        raise PermanentError(Reason.BAD_CONFIG, f"{path} cannot be read: {exc.strerror}") from exc
    except Exception as exc:
        raise _damaged(path, exc) from exc


def _damaged(path: Path, exc: Exception) -> PermanentError:
    return PermanentError(Reason.BAD_CONFIG, f"{path} is no MaxMind database, or is cut off ({type(exc).__name__})")


def _check_size(metadata: Any, size: int) -> None:
    """The tree has to be there whole; ValueError."""
    if metadata.ip_version not in {4, 6} or metadata.node_count * metadata.record_size // 4 + _TREE_END > size:
        raise ValueError("its tree is longer than the file")


def _probes(version: int) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """Evenly over all addresses, in IPv6 over what is given to networks (2000::/3), IPv4 in both."""
    four: list[ipaddress.IPv4Address | ipaddress.IPv6Address] = [
        ipaddress.IPv4Address(number * (2**32 // PROBES) + 1) for number in range(PROBES)
    ]
    if version == 4:
        return four
    return [*four, *(ipaddress.IPv6Address((1 << 125) + number * (2**125 // PROBES) + 1) for number in range(PROBES))]


def _at(found: object, *names: str) -> object:
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    return found
