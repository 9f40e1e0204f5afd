"""A disk that keeps what was synced and loses, tears or reorders the rest: replays a recording up to a power loss.

Strict: fsync of a file makes its content durable, never its name; a name (made, renamed, removed) is durable when its
folder was synced. Of what was not, any part may have reached the disk: writes in any order, a write in sectors of 512
bytes. A power loss keeps nothing that was written after it.
"""

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

from tests.support.faults.recording import Record

SECTOR: Final = 512
FOLDER: Final = -1  # the number of everything that is a folder
NOT_KEPT: Final = "-shm"  # SQLite's index of the WAL: shared memory, made anew from the WAL


@dataclass
class _Change:
    """A write (``data``) or a truncation (``size``) of a file, or a name that changes; ``number`` orders all."""

    number: int
    offset: int = 0
    data: bytes | None = None
    size: int = 0
    name: str = ""
    target: int | None = None  # of a name: what it is now, None when it is removed


@dataclass
class _File:
    durable: bytearray = field(default_factory=bytearray)
    pending: list[_Change] = field(default_factory=list)


@dataclass
class _Folder:
    durable: dict[str, int] = field(default_factory=dict)
    pending: list[_Change] = field(default_factory=list)


class UnmodelledError(Exception):
    """The server did something to its files that this disk cannot replay."""


class Before(NamedTuple):
    """The folder as it was when the recording began; all of it is durable."""

    root: Path
    copy: Path
    inodes: dict[str, int]

    @classmethod
    def of(cls, root: Path, copy: Path) -> "Before":
        shutil.copytree(root, copy)
        return cls(root, copy, {str(path): path.stat().st_ino for path in root.rglob("*") if path.is_file()})


class Disk:
    """Takes records in order; at any moment :meth:`after_power_loss` writes what a disk may then hold."""

    def __init__(self, before: "Before") -> None:
        self._root = str(before.root)
        self._files: dict[int, _File] = {}
        self._folders: dict[str, _Folder] = {self._root: _Folder()}
        self._inodes: dict[int, int] = {}  # as the kernel numbers them now -> our number, never used again
        self._names: dict[str, int] = {}  # as processes see them
        self._syncs: dict[tuple[int, int], tuple[int, str]] = {}  # (pid, its number) -> our number, folder or ""
        self._number = 0
        self._take_as_it_is(before)

    def _take_as_it_is(self, before: "Before") -> None:
        for path in sorted(before.copy.rglob("*")):
            name = f"{self._root}/{path.relative_to(before.copy)}"
            parent = self._folders[name.rpartition("/")[0]]
            if path.is_dir():
                self._folders[name] = _Folder()
                parent.durable[path.name] = self._names[name] = FOLDER
            elif path.is_file():
                number = len(self._files) + 1
                self._files[number] = _File(bytearray(path.read_bytes()))
                self._inodes[before.inodes[name]] = number
                parent.durable[path.name] = self._names[name] = number

    def _new_file(self, inode: int) -> int:
        number = len(self._files) + 1
        self._inodes[inode] = number
        self._files[number] = _File()
        return number

    def take(self, record: Record) -> None:
        """One more thing happened."""
        self._number += 1
        handler = self._HANDLERS.get(record.kind)
        if handler is None:
            raise UnmodelledError(f"{record.kind} {record.data[:200]!r}")
        handler(self, record)

    def _created(self, record: Record) -> None:
        """Every process that opened it may say so; the first one made it."""
        known = self._inodes.get(record.inode)
        if known is not None and self._names.get(record.path) == known:
            return
        self._name(record.path, self._new_file(record.inode))

    def _written(self, record: Record) -> None:
        self._file(record).pending.append(_Change(self._number, record.a, record.data))

    def _truncated(self, record: Record) -> None:
        self._file(record).pending.append(_Change(self._number, size=record.a))

    def _renamed(self, record: Record) -> None:
        old, new = record.path.split("\0")
        if old not in self._names:
            raise UnmodelledError(f"{old} was renamed, and nobody made it")
        number = self._names.pop(old)
        self._in_folder(old, None)
        self._name(new, number)

    def _unlinked(self, record: Record) -> None:
        if self._names.pop(record.path, None) is not None:  # a socket is no file that we know
            self._in_folder(record.path, None)

    def _made_folder(self, record: Record) -> None:
        self._folders[record.path] = _Folder()
        self._name(record.path, FOLDER)

    def _sync_began(self, record: Record) -> None:
        self._syncs[record.pid, record.a] = (self._number, record.path if record.b else "")

    def _sync_ended(self, record: Record) -> None:
        began, path = self._syncs.pop((record.pid, record.a))
        if path:
            folder = self._folders[path]
            for change in folder.pending:
                if change.number < began:
                    _rename(folder.durable, change)
            folder.pending = [change for change in folder.pending if change.number >= began]
        elif (number := self._inodes.get(record.inode)) is not None:
            file = self._files[number]
            for change in file.pending:
                if change.number < began:
                    _apply(file.durable, change)
            file.pending = [change for change in file.pending if change.number >= began]

    def _file(self, record: Record) -> _File:
        try:
            return self._files[self._inodes[record.inode]]
        except KeyError:
            what = f"{record.kind} by {record.pid} at {record.a}: {record.data[:80]!r}"
            raise UnmodelledError(f"a file that nobody created: {what}") from None

    def _name(self, path: str, number: int) -> None:
        self._names[path] = number
        self._in_folder(path, number)

    def _in_folder(self, path: str, number: int | None) -> None:
        folder, _, name = path.rpartition("/")
        self._folders[folder].pending.append(_Change(self._number, name=name, target=number))

    _HANDLERS: Final[dict[str, Callable[["Disk", Record], None]]] = {
        "C": _created,
        "W": _written,
        "T": _truncated,
        "R": _renamed,
        "U": _unlinked,
        "M": _made_folder,
        "S": _sync_began,
        "E": _sync_ended,
        "A": lambda _self, _record: None,
        "N": lambda _self, _record: None,
    }

    # -- power loss -----------------------------------------------------------------------------------------------

    def after_power_loss(self, target: Path, random: Random) -> None:
        """Write what the disk holds into ``target``; what was not synced fares as ``random`` says."""
        fate = random.choice(FATES)
        kept = {number: self._content(file, fate, random) for number, file in self._files.items()}
        self._write_folder(self._root, target, kept, fate, random)

    def _content(self, file: _File, fate: "Fate", random: Random) -> bytes:
        content = bytearray(file.durable)
        for change in fate(file.pending, random):
            _apply(content, change)
        return bytes(content)

    def _write_folder(self, path: str, target: Path, kept: dict[int, bytes], fate: "Fate", random: Random) -> None:
        target.mkdir(parents=True, exist_ok=True)
        folder = self._folders[path]
        names = dict(folder.durable)
        for change in fate(folder.pending, random):
            _rename(names, change)
        for name, number in names.items():
            if number == FOLDER:
                self._write_folder(f"{path}/{name}", target / name, kept, fate, random)
            elif not name.endswith(NOT_KEPT):
                (target / name).write_bytes(kept[number])
                (target / name).chmod(0o600)


def _apply(content: bytearray, change: _Change) -> None:
    if change.data is None:
        if change.size < len(content):
            del content[change.size :]
        content.extend(bytes(change.size - len(content)))
        return
    if change.offset > len(content):
        content.extend(bytes(change.offset - len(content)))
    content[change.offset : change.offset + len(change.data)] = change.data


def _rename(names: dict[str, int], change: _Change) -> None:
    if change.target is None:
        names.pop(change.name, None)
    else:
        names[change.name] = change.target


# -- what may happen to changes that were not synced ------------------------------------------------------------------

Fate = Callable[[list[_Change], Random], Iterable[_Change]]


def all_lost(_changes: list[_Change], _random: Random) -> Iterable[_Change]:
    return ()


def all_kept(changes: list[_Change], _random: Random) -> Iterable[_Change]:
    return changes


def first_kept(changes: list[_Change], random: Random) -> Iterable[_Change]:
    return changes[: random.randint(0, len(changes))]


def last_kept(changes: list[_Change], random: Random) -> Iterable[_Change]:
    return changes[random.randint(0, len(changes)) :]


def some_kept(changes: list[_Change], random: Random) -> Iterable[_Change]:
    return [change for change in changes if random.random() < 0.5]


def torn(changes: list[_Change], random: Random) -> Iterable[_Change]:
    """Each write in sectors, each of which is kept or not; now and then a sector holds nonsense."""
    for change in changes:
        if change.data is None:
            if random.random() < 0.5:
                yield change
            continue
        start = change.offset
        end = start + len(change.data)
        while start < end:
            stop = min(end, (start // SECTOR + 1) * SECTOR)
            piece = change.data[start - change.offset : stop - change.offset]
            luck = random.random()
            if luck < 0.5:
                yield _Change(change.number, start, piece)
            elif luck < 0.55:
                yield _Change(change.number, start, random.randbytes(len(piece)))
            start = stop


FATES: Final[tuple[Fate, ...]] = (all_lost, all_kept, first_kept, last_kept, some_kept, torn)
