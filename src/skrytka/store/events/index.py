"""Finding events by trace or address. The index is a cache: whoever asks brings it up to date, under a lock.

Addresses stand in it as keyed hashes only, so the file tells nothing without the key.
"""

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from skrytka.model.address import Address, AddressError
from skrytka.model.errors import UNREADABLE, PermanentError
from skrytka.model.events import RESERVED, Event, EventClass
from skrytka.store.events.files import event_files, read_lines
from skrytka.store.events.line import Header, Line, header_fields, kind_name, parse, personal_fields
from skrytka.store.sqlite_file import SqliteFile, Step, create_file

_SCHEMA = """
CREATE TABLE IF NOT EXISTS file(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, offset INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS by_trace(
  trace TEXT, file INTEGER, offset INTEGER, PRIMARY KEY(trace, file, offset)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS by_address(
  mac BLOB, file INTEGER, offset INTEGER, PRIMARY KEY(mac, file, offset)) WITHOUT ROWID;
"""
FOUND_MAX = 10_000
BATCH_STEPS = 10_000  # entries of one transaction


class FoundEvent(msgspec.Struct, frozen=True):
    """One event for people: ``fields`` holds header and personal fields together."""

    at: str
    kind: str
    trace: str
    fields: dict[str, Any]


def address_key(text: str) -> str:
    """How an address is looked up; what is no address is taken in lower case."""
    try:
        return Address.parse(text).key
    except AddressError:
        return text.lower()


def _opened(path: Path) -> SqliteFile:
    if not path.exists():
        create_file(path)
    database = SqliteFile(path)
    try:
        database.rows(_SCHEMA)
    except BaseException:
        database.close()
        raise
    return database


def _opened_or_new(path: Path) -> SqliteFile:
    try:
        return _opened(path)
    except PermanentError:  # a cache that cannot be read is made anew
        path.unlink(missing_ok=True)
        return _opened(path)


def _address_fields(kind: type[Event] = Event) -> dict[str, frozenset[str]]:
    found = {kind_name(kind): kind.ADDRESSES}
    for child in kind.__subclasses__():
        found |= _address_fields(child)
    return found


class EventIndex:
    """The index of one folder; ``mac`` is the keyed hash of the installation (``node:address``).

    Open it, ask, close it: while it is open a second one waits.
    """

    def __init__(self, folder: Path, mac: Callable[[bytes], bytes]) -> None:
        self._folder = folder
        self._mac = mac
        self._addresses_of = _address_fields()
        self._lock = os.open(folder / "index.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        try:
            self._database = _opened_or_new(folder / "index.sqlite")
        except BaseException:
            os.close(self._lock)  # or whoever asks next waits for ever
            raise

    def close(self) -> None:
        """Let the next one in."""
        self._database.close()
        os.close(self._lock)

    def update(self) -> int:
        """Read what came since last time; the number of events read. What was in files that are gone is forgotten."""
        self._forget_retired()
        return sum(self._update_file(path) for path in event_files(self._folder))

    def _forget_retired(self) -> None:
        for file, name in self._database.rows("SELECT id, name FROM file"):
            if not (self._folder / name).exists():
                self._database.change(
                    ("DELETE FROM by_trace WHERE file = ?", (file,)),
                    ("DELETE FROM by_address WHERE file = ?", (file,)),
                    ("DELETE FROM file WHERE id = ?", (file,)),
                )

    def _update_file(self, path: Path) -> int:
        name = f"{path.parent.name}/{path.name}"
        self._database.change(("INSERT OR IGNORE INTO file(name, offset) VALUES(?, 0)", (name,)))
        [(file, offset)] = self._database.rows("SELECT id, offset FROM file WHERE name = ?", (name,))
        if path.stat().st_size <= offset:
            return 0
        count = 0
        steps: list[Step] = []
        for read in read_lines(path, offset):
            offset = read.offset + len(read.raw)
            if read.line is not None and read.header is not None:
                count += 1
                steps += self._entries(read.line, read.header, file, read.offset)
            if len(steps) > BATCH_STEPS:
                self._database.change(*steps, ("UPDATE file SET offset = ? WHERE id = ?", (offset, file)))
                steps = []
        self._database.change(*steps, ("UPDATE file SET offset = ? WHERE id = ?", (offset, file)))
        return count

    def _entries(self, line: Line, header: Header, file: int, offset: int) -> Iterator[Step]:
        if header.trace:
            yield "INSERT OR IGNORE INTO by_trace VALUES(?, ?, ?)", (header.trace, file, offset)
        if names := self._addresses_of.get(header.kind):
            personal = personal_fields(line)
            for text in {text for name in names for text in _texts(personal.get(name))}:
                mac = self._mac(address_key(text).encode())
                yield "INSERT OR IGNORE INTO by_address VALUES(?, ?, ?)", (mac, file, offset)

    def by_trace(self, trace: str) -> list[FoundEvent]:
        """Everything that carries the trace id, in order of time."""
        query = "SELECT name, by_trace.offset FROM by_trace JOIN file ON id = file WHERE trace = ? LIMIT ?"
        return self._load(self._database.rows(query, (trace.upper(), FOUND_MAX)))

    def by_address(self, text: str) -> list[FoundEvent]:
        """Everything that names the address, and whatever shares a trace with it, in order of time."""
        mac = self._mac(address_key(text).encode())
        query = "SELECT name, by_address.offset FROM by_address JOIN file ON id = file WHERE mac = ? LIMIT ?"
        direct = self._load(self._database.rows(query, (mac, FOUND_MAX)))
        traces = {event.trace for event in direct if event.trace}
        related = [event for trace in sorted(traces) for event in self.by_trace(trace)]
        alone = [event for event in direct if not event.trace]
        return sorted(related + alone, key=lambda event: event.at)

    def of_class(self, texts: Iterable[str], kind: EventClass, limit: int) -> list[FoundEvent]:
        """The newest events of one class that name one of the addresses, in order of time.

        Of the newest days only, so it costs the same for an address that has been named a million times.
        """
        found: list[FoundEvent] = []
        query = (
            "SELECT name, by_address.offset FROM by_address JOIN file ON id = file WHERE mac = ? AND name LIKE ?"
            " ORDER BY name DESC, by_address.offset DESC LIMIT ?"
        )
        for text in texts:
            mac = self._mac(address_key(text).encode())
            found += self._load(self._database.rows(query, (mac, f"%/{kind.value}.%", limit)))
        return sorted(found, key=lambda event: event.at)[-limit:]

    def _load(self, places: Iterable[Any]) -> list[FoundEvent]:
        found = []
        for name, offset in places:
            path = self._folder / name
            if not path.exists():  # gone with its retention
                continue
            with path.open("rb") as file:
                file.seek(offset)
                raw = file.readline()
            try:
                found.append(_found(*parse(raw)))
            except UNREADABLE:  # it was damaged since; `skrytka events verify` names it
                continue
        return sorted(found, key=lambda event: event.at)


def _found(line: Line, header: Header) -> FoundEvent:
    own = RESERVED | {"trace"}
    fields = {key: value for key, value in header_fields(line).items() if key not in own}
    return FoundEvent(header.at, header.kind, header.trace, fields | personal_fields(line))


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value] if value else []
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []
