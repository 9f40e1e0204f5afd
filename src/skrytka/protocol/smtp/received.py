"""Words of the Received field (RFC 5321 4.4) that an RFC prescribes; ``mail.delivery.prefix`` makes the field."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def with_protocol(*, is_extended: bool, is_tls: bool, is_smtputf8: bool, is_authenticated: bool = False) -> str:
    """The "with" clause (RFC 3848 1, RFC 6531 4.3); the S and A forms exist for ESMTP only."""
    if not is_extended and not is_smtputf8:
        return "SMTP"
    base = "UTF8SMTP" if is_smtputf8 else "ESMTP"
    return base + "S" * is_tls + "A" * is_authenticated


def date_text(at_ms: int) -> str:
    """RFC 5322 3.3, in UTC."""
    return _second_text(at_ms // 1000)


@lru_cache(maxsize=4)  # messages come several a second, and each has it several times
def _second_text(at_s: int) -> str:
    at = datetime.fromtimestamp(at_s, UTC)
    day, month = _DAYS[at.weekday()], _MONTHS[at.month - 1]
    return f"{day}, {at.day:02} {month} {at.year:04} {at.hour:02}:{at.minute:02}:{at.second:02} +0000"
