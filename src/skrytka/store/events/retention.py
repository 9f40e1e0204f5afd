"""Retention: files that have had their time are signed away first, then removed; the chains still verify.

A *base* is a checkpoint that stands for all before it: the last signed heads of every chain, also of those that ended
long ago, and in ``retired`` where what is kept of a chain begins. Once a base is a week old the checkpoints before it
go too. Whatever a crash leaves undone is done by the next run: files go oldest first, so a chain only ever loses its
beginning, and never more than was signed.
"""

import contextlib
import os
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from skrytka.model.errors import UNREADABLE
from skrytka.store.events.checkpoint import FILE_NAME, Heads, Retired, SignedLine, read_checkpoints
from skrytka.store.events.files import event_files, read_lines
from skrytka.store.events.line import parse
from skrytka.store.events.writer import append_synced
from skrytka.store.files import sync_folder

CHECKPOINTS_DAYS = 7  # of every minute; from then on one a day would do, and the newest base is enough
IMPLAUSIBLE = timedelta(days=366)
_CHAIN = b'"chain":"'


def day_of(now_ms: int) -> date:
    """The day, in UTC, as files are named by it."""
    return datetime.fromtimestamp(now_ms / 1000, UTC).date()


def files_to_retire(folder: Path, days_of: Mapping[str, int], today: date) -> list[Path]:
    """Files whose class is kept for fewer days than their age, oldest first; 0 days is for ever.

    What would have been due for more than a year was written while the clock was wrong: it is given its time again.
    """
    found = []
    for path in event_files(folder):
        days = days_of.get(path.stem, 0)
        limit = today - timedelta(days=days)
        if not days or date.fromisoformat(path.parent.name) >= limit:
            continue
        if (written := day_of(int(path.stat().st_mtime * 1000))) < limit - IMPLAUSIBLE:
            os.utime(path)
        elif written < limit:
            found.append(path)
    return found


def ends_of(paths: Iterable[Path]) -> Heads:
    """Chain -> (seq, hash) of its last line in these files, which come in the order of their days."""
    ends: Heads = {}
    for path in paths:
        ends |= _ends_of(path)
    return ends


def _ends_of(path: Path) -> Heads:
    """Only the last line of each chain is taken apart: a day can have millions."""
    last: dict[bytes, bytes] = {}
    with path.open("rb") as file:
        for raw in file:
            start = raw.find(_CHAIN) + len(_CHAIN)
            last[raw[start : raw.find(b'"', start)]] = raw
    try:
        return {header.chain: (header.seq, line.hash) for line, header in map(parse, last.values())}
    except UNREADABLE:  # a half line that a killed process left
        lines = ((read.line, read.header) for read in read_lines(path))
        return {header.chain: (header.seq, line.hash) for line, header in lines if line and header}


class Base(NamedTuple):
    """What a base checkpoint says."""

    heads: Heads
    retired: dict[str, Retired]


def base(folder: Path, ends: Heads, living: Heads, days_of: Mapping[str, int], today: date) -> Base:
    """The next base: after ``ends`` go, while the chains ``living`` are still written.

    The beginning of a chain is remembered until every file that was there on that day has gone too.
    """
    heads, known = signed(folder)
    known |= {chain: Retired(seq, digest, today.isoformat()) for chain, (seq, digest) in ends.items()}
    kept = {
        chain: one
        for chain, one in known.items()
        if chain in living or not _has_gone(one, days_of.get(chain.rpartition(".")[2], 0), today)
    }
    heads = {chain: head for chain, head in heads.items() if chain not in known or head[0] > known[chain].seq} | living
    return Base(heads, kept)


def _has_gone(one: Retired, days: int, today: date) -> bool:
    return bool(days) and date.fromisoformat(one.day) + timedelta(days=days + 2) < today


def signed(folder: Path) -> Base:
    """The newest signed head of every chain, and where what is kept of it begins."""
    heads: Heads = {}
    begun: dict[str, Retired] = {}
    for line in read_checkpoints(folder):
        body = line.body()
        if body.is_base:
            heads, begun = {}, {}  # it stands for all before it
        heads |= body.heads
        begun |= body.retired
    return Base(heads, begun)


def has_base(folder: Path, today: date) -> bool:
    """Whether one was signed today."""
    return any(
        body.is_base and body.at[:10] == today.isoformat() for body in map(SignedLine.body, read_checkpoints(folder))
    )


def remove(paths: Iterable[Path]) -> None:
    """The files, in this order, and the folder of a day that is empty then."""
    for path in paths:
        path.unlink(missing_ok=True)
        sync_folder(path.parent)
        with contextlib.suppress(OSError):  # files of other classes are kept longer
            path.parent.rmdir()


def trim_checkpoints(folder: Path, today: date) -> None:
    """Checkpoints before the newest base that is a week old go. For the process that signs, and between signatures."""
    lines = read_checkpoints(folder)
    limit = (today - timedelta(days=CHECKPOINTS_DAYS)).isoformat()
    first = 0
    for number, body in enumerate(map(SignedLine.body, lines)):
        if body.is_base and body.at[:10] <= limit:
            first = number
    if not first:
        return
    path = folder / FILE_NAME
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    append_synced(fresh, b"".join(line.raw() for line in lines[first:]))
    fresh.replace(path)
    sync_folder(folder)
