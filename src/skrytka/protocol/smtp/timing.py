"""When a message is to go, and how soon: HOLDFOR, HOLDUNTIL (RFC 4865), BY (RFC 2852), MT-PRIORITY (RFC 6710)."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from skrytka.model import reply as replies
from skrytka.model.envelope import By, Hold
from skrytka.protocol.smtp.parameters import CommandError

PRIORITY_MAX: Final = 9  # RFC 6710 3: from -9 to 9

_HOLD_FOR: Final = re.compile(r"[1-9][0-9]{0,8}\Z")
# RFC 3339 5.6, in UTC; with three digits of a fraction it would be longer than RFC 4865 3 allows.
_DATE_TIME: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.[0-9]{1,2})?Z\Z", re.IGNORECASE
)
_BY: Final = re.compile(r"([+-]?[0-9]{1,9});([NR])(T?)\Z", re.IGNORECASE)
_PRIORITY: Final = re.compile(r"(?:0|-?[1-9])\Z")


def parse_hold_for(value: str) -> Hold:
    """RFC 4865 3."""
    if not _HOLD_FOR.match(value):
        raise CommandError(replies.BAD_SYNTAX)
    return Hold(f"for;{value}", for_s=int(value))


def parse_hold_until(value: str) -> Hold:
    """RFC 4865 3: a date and time that there is. A part of a second is waited for to its end."""
    at_ms = parse_date_time(value)
    if at_ms is None:
        raise CommandError(replies.BAD_SYNTAX)
    return Hold(f"until;{value}", until_ms=at_ms + 1000 * ("." in value))


def parse_date_time(value: str) -> int | None:
    """Milliseconds of an RFC 3339 time in UTC, to the second; None when it is none."""
    match = _DATE_TIME.match(value)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in match.groups())
    is_leap = (hour, minute, second) == (23, 59, 60)
    try:
        at = datetime(year, month, day, hour, minute, second - is_leap, tzinfo=UTC)
        return int((at + timedelta(seconds=is_leap)).timestamp()) * 1000
    except (ValueError, OverflowError):
        return None


def date_time(at_ms: int) -> str:
    """RFC 3339 in UTC, to the second."""
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_by(value: str, min_s: int) -> By:
    """RFC 2852 4: nothing is returned before it could be delivered, so R has some time at least."""
    match = _BY.match(value)
    if match is None:
        raise CommandError(replies.BAD_SYNTAX)
    by = By(int(match[1]), match[2].upper() == "R", bool(match[3]))
    if by.is_return and by.seconds <= 0:
        raise CommandError(replies.BAD_SYNTAX)
    if by.is_return and by.seconds < min_s:
        raise CommandError(replies.DELIVER_BY_TOO_SHORT.with_text(f"Mode R needs {min_s} seconds at least"))
    return by


def parse_priority(value: str) -> int:
    """RFC 6710 7: no plus, no zero in front."""
    if not _PRIORITY.match(value):
        raise CommandError(replies.BAD_PRIORITY)
    return int(value)
