"""Dates of IMAP: ``date`` of SEARCH, ``date-time`` of INTERNALDATE and APPEND (RFC 9051 9)."""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache

from skrytka.model.errors import RemoteProtocolError

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DAY_MS = 86_400_000
_MONTH_NUMBERS = {name.lower().encode(): number for number, name in enumerate(MONTHS, 1)}
_DATE = re.compile(rb"(\d{1,2})-([A-Za-z]{3})-(\d{4})\Z")
_DATE_TIME = re.compile(rb"( \d|\d{2})-([A-Za-z]{3})-(\d{4}) (\d{2}):(\d{2}):(\d{2}) ([+-])(\d{2})(\d{2})\Z")
_EPOCH = date(1970, 1, 1).toordinal()
_LAST_MS = 253_402_300_799_999  # the end of the year 9999


def _day(day: bytes, month: bytes, year: bytes) -> date:
    try:
        return date(int(year), _MONTH_NUMBERS[month.lower()], int(day))
    except (KeyError, ValueError):
        raise RemoteProtocolError("there is no such date") from None


def parse_date(raw: bytes) -> int:
    """``1-Feb-1994`` as days since 1970-01-01; RemoteProtocolError."""
    match = _DATE.match(raw)
    if not match:
        raise RemoteProtocolError("a date is like 1-Feb-1994")
    return _day(match[1], match[2], match[3]).toordinal() - _EPOCH


def parse_date_time(raw: bytes) -> int:
    """The inside of the quotes as milliseconds since 1970-01-01 UTC; RemoteProtocolError."""
    match = _DATE_TIME.match(raw)
    if not match:
        raise RemoteProtocolError('a date-time is like "17-Jul-1996 02:44:25 -0700"')
    day = _day(match[1].strip(), match[2], match[3])
    offset = timedelta(hours=int(match[8]), minutes=int(match[9]))
    try:
        zone = timezone(-offset if match[7] == b"-" else offset)
        hour, minute, second = (int(match[group]) for group in (4, 5, 6))
        when = datetime(day.year, day.month, day.day, hour, minute, min(second, 59), tzinfo=zone)
    except ValueError:
        raise RemoteProtocolError("there is no such time") from None
    if second > 60:  # RFC 5322 3.3: 60 is a leap second
        raise RemoteProtocolError("there is no such time")
    return int((when - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(milliseconds=1))


def day_of(at_ms: int) -> int:
    """Days since 1970-01-01 in UTC."""
    return at_ms // DAY_MS


@lru_cache(maxsize=4096)
def _day_text(day: int) -> bytes:
    found = date.fromordinal(day + _EPOCH)
    return b'"%2d-%b-%04d ' % (found.day, MONTHS[found.month - 1].encode(), found.year)


def format_date_time(at_ms: int) -> bytes:
    """``"17-Jul-1996 02:44:25 +0000"`` with its quotes, always in UTC."""
    day, rest_ms = divmod(min(max(at_ms, 0), _LAST_MS), DAY_MS)
    second = rest_ms // 1000
    return b'%b%02d:%02d:%02d +0000"' % (_day_text(day), second // 3600, second // 60 % 60, second % 60)
