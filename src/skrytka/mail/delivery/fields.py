"""Two header fields as SORT, THREAD and SEARCH compare them: the base subject and the time of sending."""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final

SUBJECT_MAX: Final = 1000  # characters; a longer subject is compared by its beginning

_SPACE = re.compile(r"[ \t\r\n]+")
_TRAILER = re.compile(r"(?: |\(fwd\))+\Z", re.IGNORECASE)
_BLOB = re.compile(r"\[[^\[\]]*\] ?")
_REFWD = re.compile(r"(?:re|fwd?) ?(?:\[[^\[\]]*\] ?)?:", re.IGNORECASE)
_FWD_OPEN = re.compile(r"\[fwd:", re.IGNORECASE)

_COMMENT = re.compile(r"\([^()]*\)")
_DATE = re.compile(
    r"(?P<day>\d{1,2})[ \t-]+(?P<month>[A-Za-z]{3})[a-z]{0,6}[ \t-]+(?P<year>\d{2,4})[ \t]+"
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?[ \t]*(?P<zone>[+-]\d{4}|[A-Za-z]{1,5})?"
)
_EPOCH: Final = date(1970, 1, 1).toordinal()
_MONTHS: Final = {
    name: number
    for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)  # noqa: SIM905
}
_ZONES: Final = {"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7}


def subject_base(subject: str) -> str:
    """RFC 5256 2.1 of a decoded subject: without Re:, Fwd:, [blobs] and (fwd), case kept."""
    text = _SPACE.sub(" ", subject[:SUBJECT_MAX])
    while True:
        text = _without_leaders(_TRAILER.sub("", text))
        if _FWD_OPEN.match(text) and text.endswith("]"):  # step 6
            text = text[5:-1]
            continue
        return text


def _without_leaders(text: str) -> str:
    """Steps 3 to 5: leaders go; a blob goes when something is left behind it."""
    start = 0
    while True:
        while text.startswith(" ", start):
            start += 1
        after_blobs = start
        while blob := _BLOB.match(text, after_blobs):
            after_blobs = blob.end()
        if refwd := _REFWD.match(text, after_blobs):
            start = refwd.end()
        elif (blob := _BLOB.match(text, start)) and blob.end() < len(text):
            start = blob.end()
        else:
            return text[start:]


def sent_at_ms(raw_date: bytes) -> int | None:
    """RFC 5322 3.3 with the obsolete forms of 4.3; None when it is no date."""
    found = _read(raw_date)
    if found is None:
        return None
    day, match = found
    second = min(int(match["second"] or 0), 59)  # a leap second is written 60
    try:
        moment = datetime(
            day.year,
            day.month,
            day.day,
            int(match["hour"]),
            int(match["minute"]),
            second,
            tzinfo=_zone(match["zone"]),
        )
        return int(moment.astimezone(UTC).timestamp()) * 1000
    except (ValueError, OverflowError):
        return None


def sent_day(raw_date: bytes) -> int | None:
    """Days since 1970-01-01 of the date as it is written, whatever its time zone (RFC 9051 6.4.4, SENTON)."""
    found = _read(raw_date)
    return found[0].toordinal() - _EPOCH if found else None


def _read(raw_date: bytes) -> tuple[date, re.Match[str]] | None:
    match = _DATE.search(_COMMENT.sub(" ", raw_date[:200].decode("ascii", "replace")))
    month = _MONTHS.get(match["month"].lower()) if match else None
    if match is None or month is None:
        return None
    year = int(match["year"])
    if len(match["year"]) < 4:  # RFC 5322 4.3: two digits below 50 are 20xx, else, and three digits, from 1900
        year += 2000 if len(match["year"]) == 2 and year < 50 else 1900
    try:
        return date(year, month, int(match["day"])), match
    except ValueError:
        return None


def _zone(text: str | None) -> timezone:
    """RFC 5322 4.3: unknown names mean nothing more than UTC."""
    if text and text[0] in "+-":
        offset = timedelta(hours=int(text[1:3]), minutes=int(text[3:5]))
        return timezone(-offset if text[0] == "-" else offset)
    return timezone(timedelta(hours=_ZONES.get((text or "").upper(), 0)))
