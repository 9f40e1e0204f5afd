"""A list of breached passwords as it is published (SHA-1 in hex, ``:`` and how often), made into ours.

Any order will do: what comes is sorted in pieces of a million, pieces are written beside the list and merged, so memory
stays small however long the list is. A list that is in order already, as the published ones are, needs no merging. The
new list takes the old one's place in one step, whole and on disk; whatever goes wrong before leaves the old one.
"""

import heapq
import os
import re
import shutil
import sys
from array import array
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby, islice
from operator import le
from pathlib import Path
from typing import BinaryIO, Final

from skrytka.mail.identity.breach import HEAD_BYTES, PREFIX_BYTES, head
from skrytka.model.errors import PermanentError, Reason
from skrytka.store.files import sync_folder

READ_BYTES: Final = 4 * 1024 * 1024
LINE_MAX: Final = 128  # octets: 40 of hash, a colon, a count
PIECE_HASHES: Final = 1_000_000
MERGE_MAX: Final = 64  # files open at a time
_BLOCK_HASHES: Final = 8192
_LINE: Final = re.compile(rb"^([0-9A-Fa-f]{16})[0-9A-Fa-f]{24}(?::[0-9]{1,20})?\r?$", re.MULTILINE)

Told = Callable[[int], None]  # octets of the source that were read


def import_breaches(source: BinaryIO, target: Path, tell: Told = lambda _octets: None) -> int:
    """How many different hashes the new list has.

    PermanentError(BAD_SYNTAX) names the first line that is none of such a list. OSError when the disk is full.
    """
    work = target.with_name(target.name + ".new")
    shutil.rmtree(work, ignore_errors=True)  # of an import that was cut off
    work.mkdir(mode=0o700)
    try:
        pieces = [_write_piece(work / f"{number:06d}", piece) for number, piece in enumerate(_pieces(source, tell))]
        if not pieces:
            raise PermanentError(Reason.BAD_SYNTAX, "the list has no hashes")
        made = work / "list"
        count = _write_list(made, _in_order(pieces, work))
        made.replace(target)
        sync_folder(target.parent)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return count


def _pieces(source: BinaryIO, tell: Told) -> Iterator[list[int]]:
    """Hashes in order, without doubles in a piece."""
    waiting: list[int] = []
    for numbers in _numbers(source, tell):
        waiting.extend(numbers)
        if len(waiting) >= PIECE_HASHES:
            yield _sorted(waiting)
            waiting = []
    if waiting:
        yield _sorted(waiting)


def _sorted(numbers: list[int]) -> list[int]:
    numbers.sort()
    return [number for number, _ in groupby(numbers)]


def _numbers(source: BinaryIO, tell: Told) -> Iterator[Iterable[int]]:
    """The prefixes of some lines as integers."""
    rest, octets, lines = b"", 0, 0
    while chunk := source.read(READ_BYTES):
        octets += len(chunk)
        whole, newline, rest = (rest + chunk).rpartition(b"\n")
        if len(rest) > LINE_MAX:
            raise _wrong(lines + whole.count(b"\n") + bool(newline) + 1)
        yield _parsed(whole, lines)
        lines += whole.count(b"\n") + bool(newline)
        tell(octets)
    yield _parsed(rest, lines)


def _parsed(text: bytes, lines_before: int) -> "array[int]":
    found = _LINE.findall(text)
    if len(found) != text.count(b"\n") + 1:  # some are empty, or something else
        for number, line in enumerate(text.split(b"\n"), 1):
            if line.strip(b"\r") and not _LINE.fullmatch(line):
                raise _wrong(lines_before + number)
    return _swapped(array("Q", bytes.fromhex(b"".join(found).decode("ascii"))))


def _wrong(line: int) -> PermanentError:
    said = f"line {line} is no line of a breach list: 40 hex digits of SHA-1, `:` and a count are meant"
    return PermanentError(Reason.BAD_SYNTAX, said)


def _write_piece(path: Path, numbers: Iterable[int]) -> Path:
    with path.open("xb") as file:
        for block in _blocks(numbers):
            file.write(block)
    return path


def _blocks(numbers: Iterable[int]) -> Iterator[bytes]:
    """Big-endian octets of many."""
    each = iter(numbers)
    while block := array("Q", islice(each, _BLOCK_HASHES)):
        yield _swapped(block).tobytes()


def _read_piece(path: Path) -> Iterator[int]:
    with path.open("rb") as file:
        while raw := file.read(_BLOCK_HASHES * PREFIX_BYTES):
            yield from _swapped(array("Q", raw))


def _swapped(numbers: "array[int]") -> "array[int]":
    """From big-endian to what this machine counts with, and back."""
    if sys.byteorder == "little":
        numbers.byteswap()
    return numbers


def _in_order(pieces: list[Path], work: Path) -> Iterator[int]:
    """All of them in order, doubles too; many pieces are merged in rounds."""
    if all(map(le, map(_last, pieces), map(_first, pieces[1:]))):
        return (number for piece in pieces for number in _read_piece(piece))
    round_ = 0
    while len(pieces) > MERGE_MAX:
        groups = [pieces[start : start + MERGE_MAX] for start in range(0, len(pieces), MERGE_MAX)]
        round_ += 1
        pieces = [_merged(group, work / f"merged-{round_}-{number}") for number, group in enumerate(groups)]
    return heapq.merge(*map(_read_piece, pieces))


def _merged(group: list[Path], path: Path) -> Path:
    _write_piece(path, heapq.merge(*map(_read_piece, group)))
    for piece in group:
        piece.unlink()
    return path


def _first(piece: Path) -> bytes:
    with piece.open("rb") as file:
        return file.read(PREFIX_BYTES)


def _last(piece: Path) -> bytes:
    with piece.open("rb") as file:
        file.seek(-PREFIX_BYTES, os.SEEK_END)
        return file.read(PREFIX_BYTES)


def _write_list(path: Path, numbers: Iterable[int]) -> int:
    """The whole file, on the disk."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    count = 0
    with open(fd, "wb") as file:
        file.write(bytes(HEAD_BYTES))
        for block in _blocks(number for number, _ in groupby(numbers)):
            file.write(block)
            count += len(block) // PREFIX_BYTES
        file.seek(0)
        file.write(head(count))
        file.flush()
        os.fsync(file.fileno())
    return count
