"""The life of DKIM keys: what is due, from their states, their ages and what DNS shows. Nothing here waits or asks.

States and steps: docs/dkim.md. A key is never used that DNS does not show, and one in use is never given up for one
that is not.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Final

import msgspec

from skrytka.protocol.mailauth.dkim.key import Algorithm, read_key
from skrytka.protocol.mailauth.dkim.results import DkimError
from skrytka.protocol.mailauth.dkim.tags import read_tags, without_space
from skrytka.store.commands.dkim import DkimMove
from skrytka.store.rows import DkimKeyRow, DkimState

DAY_MS: Final = 86_400_000
AHEAD_MS: Final = 14 * DAY_MS  # a successor is made so long before its time: somebody may have to publish it by hand
REVOKED_MS: Final = 30 * DAY_MS  # a record without a key stays published


class Shown(StrEnum):
    """What DNS says of a key."""

    YES = "yes"
    NO = "no"
    OTHER = "other"  # another key stands there, or what is no key for mail
    UNKNOWN = "unknown"  # nobody answers


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """Settings [dkim] in milliseconds."""

    rotate_ms: int  # a key is in use no longer
    wait_ms: int  # from when DNS shows a successor to its use
    retire_ms: int  # a key that was in use stays published


class Plan(msgspec.Struct, frozen=True):
    """What is to be done for a domain."""

    moves: tuple[DkimMove, ...] = ()
    missing: tuple[Algorithm, ...] = ()  # of which a key has to be made
    complaints: tuple[str, ...] = ()  # what hinders, for the administrator


def shown(row: DkimKeyRow, records: Iterable[bytes]) -> Shown:
    """``records``: the TXT records at the selector. One beside ours that is another key's is as bad as a wrong one."""
    found = [_public_of(record) for record in records]
    if not found:
        return Shown.NO
    return Shown.YES if set(found) == {row.public_key} else Shown.OTHER


def _public_of(record: bytes) -> str | None:
    try:
        read_key(record)
        return without_space(read_tags(record)["p"])
    except DkimError:
        return None


def plan(keys: Sequence[DkimKeyRow], seen: Mapping[str, Shown], now_ms: int, terms: Terms) -> Plan:
    """The steps that are due now; ``seen`` by selector, of keys that were looked up."""
    moves: list[DkimMove] = []
    missing: list[Algorithm] = []
    complaints: list[str] = []
    for algorithm in Algorithm:
        rows = [row for row in keys if row.algorithm == algorithm.value]
        active = next((row for row in rows if row.state is DkimState.ACTIVE), None)
        coming = next((row for row in rows if row.state in {DkimState.NEW, DkimState.WAITING}), None)
        if coming is not None:
            moves += _come(coming, active, seen.get(coming.selector, Shown.UNKNOWN), now_ms, terms)
        elif active is None or now_ms - active.changed_at_ms >= terms.rotate_ms - AHEAD_MS:
            missing.append(algorithm)
        complaints += _complaints(coming, active, seen, now_ms, terms)
        moves += _go(rows, now_ms, terms)
    return Plan(tuple(moves), tuple(missing), tuple(complaints))


def use(row: DkimKeyRow, active: DkimKeyRow | None) -> list[DkimMove]:
    """The key signs from now on, and the one that did no more."""
    moves = [DkimMove(row.selector, row.state, DkimState.ACTIVE)]
    if active is not None:
        moves.append(DkimMove(active.selector, DkimState.ACTIVE, DkimState.RETIRED))
    return moves


def _come(coming: DkimKeyRow, active: DkimKeyRow | None, seen: Shown, now_ms: int, terms: Terms) -> Sequence[DkimMove]:
    """Publish > wait > use. Nobody has looked for a first key before, so nothing has to be forgotten anywhere."""
    if seen is not Shown.YES:
        return ()
    if active is None:
        return use(coming, None)
    if coming.state is DkimState.NEW:
        return (DkimMove(coming.selector, DkimState.NEW, DkimState.WAITING),)
    return use(coming, active) if now_ms - coming.changed_at_ms >= terms.wait_ms else ()


def _go(rows: Sequence[DkimKeyRow], now_ms: int, terms: Terms) -> Iterable[DkimMove]:
    """Retire > revoke > gone."""
    for row in rows:
        age_ms = now_ms - row.changed_at_ms
        if row.state is DkimState.RETIRED and age_ms >= terms.retire_ms:
            yield DkimMove(row.selector, DkimState.RETIRED, DkimState.REVOKED)
        elif row.state is DkimState.REVOKED and age_ms >= REVOKED_MS:
            yield DkimMove(row.selector, DkimState.REVOKED, None)


def _complaints(
    coming: DkimKeyRow | None, active: DkimKeyRow | None, seen: Mapping[str, Shown], now_ms: int, terms: Terms
) -> Iterable[str]:
    if coming is not None and (said := _WRONG.get(seen.get(coming.selector, Shown.UNKNOWN))):
        if active is None:
            yield f"{_name(coming)} {said}: nothing is signed with it until it is published"
        elif now_ms - active.changed_at_ms >= terms.rotate_ms:
            yield f"{_name(coming)} {said}: {active.selector} goes on signing beyond its time"
    if active is not None and (said := _WRONG.get(seen.get(active.selector, Shown.UNKNOWN))):
        yield f"{_name(active)} {said}: what it signs cannot be verified"


def _name(row: DkimKeyRow) -> str:
    return f"{row.selector}._domainkey.{row.domain}"


_WRONG: Final = {Shown.NO: "is not in DNS", Shown.OTHER: "has another record in DNS"}
