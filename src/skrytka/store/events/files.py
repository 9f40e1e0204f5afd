"""Reading event files: days, classes, lines with their offsets."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from skrytka.model.errors import UNREADABLE
from skrytka.store.events.line import Header, Line, parse


class ReadLine(msgspec.Struct, frozen=True):
    """A line of a file; ``line`` is None for a torn or foreign line."""

    offset: int
    raw: bytes
    line: Line | None = None
    header: Header | None = None


def event_files(folder: Path) -> list[Path]:
    """All event files, oldest day first."""
    return sorted(folder.glob("[0-9]*-[0-9]*-[0-9]*/*.jsonl"))


def read_lines(path: Path, offset: int = 0) -> Iterator[ReadLine]:
    """Lines that end with a line feed, from ``offset`` on; a last line still being written is left for next time."""
    with path.open("rb") as file:
        file.seek(offset)
        for raw in file:
            if not raw.endswith(b"\n"):
                return
            if raw != b"\n":
                yield _parsed(offset, raw)
            offset += len(raw)


def _parsed(offset: int, raw: bytes) -> ReadLine:
    try:
        line, header = parse(raw)
    except UNREADABLE:
        return ReadLine(offset, raw)
    return ReadLine(offset, raw, line, header)
