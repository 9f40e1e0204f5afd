"""Dates of HTTP fields (RFC 9110 5.6.7), in no language but the format's own."""

import datetime as dt
from typing import Final

_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def http_date(now_ms: int) -> str:
    """``Sun, 06 Nov 1994 08:49:37 GMT``."""
    at = dt.datetime.fromtimestamp(now_ms // 1000, dt.UTC)
    return f"{_DAYS[at.weekday()]}, {at.day:02} {_MONTHS[at.month - 1]} {at.year:04} {at:%H:%M:%S} GMT"
