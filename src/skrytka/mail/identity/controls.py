"""What an administrator allows one account: services, networks, hours, senders, how much it sends.

A format: docs/formats.md, "Control of an account". Networks and hours hold for the services of ``applies_to``, which is
sending alone unless somebody says more: who travels reads his mail anywhere.
"""

import datetime as dt
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from skrytka.model.address import Address, AddressError, Domain
from skrytka.model.errors import UNREADABLE, PermanentError, Reason
from skrytka.net.facts import Networks, normalise

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LIST_MAX: Final = 100  # entries of one list: each message looks through them
_DAY_MINUTES: Final = 24 * 60


class Controls(msgspec.Struct, frozen=True, array_like=True):
    """Checked by :func:`checked` before it is stored; new fields come last and with a default."""

    services: tuple[str, ...] | None = None  # where the account may log in at all; None: everywhere
    networks: tuple[str, ...] = ()  # empty: from everywhere
    hours: tuple[str, ...] = ()  # "mon-fri 08:00-18:00"; empty: always
    zone: str = "UTC"  # of the hours
    applies_to: tuple[str, ...] = ("smtp",)  # to which services networks and hours apply
    senders: tuple[str, ...] = ()  # addresses, "*@example.org" or "news-*@example.org"; empty: the account's own
    messages_per_hour: int | None = None  # None: as settings have it; 0: no limit
    recipients_per_hour: int | None = None
    recipients_per_day: int | None = None

    def refusal(self, right: str, remote: str, now_ms: int) -> Reason | None:
        """Why nobody may log in or go on there and now."""
        if self.services is not None and right not in self.services:
            return Reason.NOT_PERMITTED
        if right not in self.applies_to:
            return None
        if self.networks and normalise(remote) not in _networks(self.networks):
            return Reason.NETWORK_NOT_ALLOWED
        return None if self.is_open(now_ms) else Reason.OUTSIDE_HOURS

    def is_open(self, now_ms: int) -> bool:
        """Whether it is one of the hours."""
        if not self.hours:
            return True
        minute = _minute_of_week(now_ms, self.zone)
        return any(begin <= minute < end for hours in self.hours for begin, end in _spans(hours))

    def may_send_from(self, address: Address) -> bool:
        """Whether one of ``senders`` is it."""
        return any(_is_match(pattern, address) for pattern in self.senders)

    def encode(self) -> bytes:
        return msgspec.msgpack.encode(self)


_decoder = msgspec.msgpack.Decoder(Controls)


def decode_controls(raw: bytes) -> Controls:
    """PermanentError(CORRUPT) on anything that :meth:`Controls.encode` did not make."""
    try:
        return _decoder.decode(raw)
    except UNREADABLE as exc:
        raise PermanentError(Reason.CORRUPT, "control of an account of an unknown form") from exc


def checked(controls: Controls, services: tuple[str, ...]) -> Controls:
    """The same, if all in it can be understood; PermanentError(BAD_SYNTAX) says what cannot."""
    named = {*(controls.services or ()), *controls.applies_to}
    if unknown := sorted(named - set(services)):
        raise _bad(f"{', '.join(unknown)}: services are {', '.join(services)}")
    for field in (controls.networks, controls.hours, controls.senders):
        if len(field) > LIST_MAX:
            raise _bad(f"a list has {LIST_MAX} entries at most")
    try:
        Networks(controls.networks)
    except ValueError as exc:
        raise _bad(str(exc)) from exc
    for hours in controls.hours:
        parse_hours(hours)
    for sender in controls.senders:
        parse_sender(sender)
    try:
        ZoneInfo(controls.zone)
    except (OSError, ValueError, LookupError) as exc:  # what it raises for a name depends on the name
        raise _bad(f"{controls.zone!r} is no time zone, as Europe/Warsaw is one") from exc
    return controls


def parse_sender(pattern: str) -> Domain:
    """The domain of an address or of a pattern: one ``*`` in the local part. PermanentError(BAD_SYNTAX)."""
    local, _, domain = pattern.rpartition("@")
    try:
        if local.count("*") > 1 or "*" in domain:
            raise AddressError("one * at most, before the @")
        return Address.parse(f"{local.replace('*', 'x')}@{domain}").domain
    except AddressError as exc:
        raise _bad(f"{pattern!r} is no address and no pattern as *@example.org: {exc}") from exc


def parse_hours(text: str) -> tuple[tuple[int, int], ...]:
    """Spans of minutes of the week (0: Monday, 00:00) of ``mon-fri 08:00-18:00``; PermanentError(BAD_SYNTAX).

    Days are one, a range or a list with commas; 24:00 ends a day, and an end before the begin is on the next day.
    """
    days, _, times = text.strip().lower().partition(" ")
    begin_text, _, end_text = times.strip().partition("-")
    begin, end = _minute(begin_text, text), _minute(end_text, text)
    if begin in (end, _DAY_MINUTES):
        raise _bad(f"{text!r}: that is no time at all")
    if end < begin:
        end += _DAY_MINUTES
    spans: list[tuple[int, int]] = []
    for day in _days(days, text):
        start, stop = day * _DAY_MINUTES + begin, day * _DAY_MINUTES + end
        week = len(DAYS) * _DAY_MINUTES
        spans.append((start, min(stop, week)))
        if stop > week:  # Sunday night
            spans.append((0, stop - week))
    return tuple(spans)


def _days(text: str, whole: str) -> list[int]:
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if first not in DAYS or (dash and last not in DAYS):
            raise _bad(f"{whole!r}: hours are such as 'mon-fri 08:00-18:00'")
        begin, end = DAYS.index(first), DAYS.index(last or first)
        found += range(begin, end + 1) if begin <= end else [*range(begin, len(DAYS)), *range(end + 1)]
    return found


def _minute(text: str, whole: str) -> int:
    hour, _, minute = text.partition(":")
    if not (len(hour) == len(minute) == 2 and (hour + minute).isascii() and (hour + minute).isdigit()):
        raise _bad(f"{whole!r}: hours are such as 'mon-fri 08:00-18:00'")
    found = int(hour) * 60 + int(minute)
    if int(minute) > 59 or found > _DAY_MINUTES:
        raise _bad(f"{whole!r}: a day has 24 hours of 60 minutes")
    return found


@lru_cache(maxsize=1024)
def _spans(hours: str) -> tuple[tuple[int, int], ...]:
    return parse_hours(hours)


@lru_cache(maxsize=1024)
def _networks(networks: tuple[str, ...]) -> Networks:
    return Networks(networks)


def _minute_of_week(now_ms: int, zone: str) -> int:
    """By the clock on the wall there; CORRUPT, so nobody enters, when this machine has no data of the zone any more."""
    try:
        at = dt.datetime.fromtimestamp(now_ms / 1000, tz=ZoneInfo(zone))
    except (OSError, ValueError, LookupError) as exc:
        raise PermanentError(Reason.CORRUPT, f"time zone {zone}") from exc
    return at.weekday() * _DAY_MINUTES + at.hour * 60 + at.minute


@lru_cache(maxsize=4096)
def _pattern(text: str) -> tuple[str, str, str]:
    """What stands before and behind the ``*`` of the local part, and the domain; as ``Address.key`` has them."""
    local, _, _ = text.rpartition("@")
    domain = parse_sender(text)
    head, _, tail = local.lower().partition("*")
    return head, tail, domain.name


def _is_match(pattern: str, address: Address) -> bool:
    if "*" not in pattern:
        return Address.parse(pattern).key == address.key
    head, tail, domain = _pattern(pattern)
    local = address.key.rpartition("@")[0]
    is_long_enough = len(local) > len(head) + len(tail) - (not head and not tail)
    return address.domain.name == domain and is_long_enough and local.startswith(head) and local.endswith(tail)


def _bad(what: str) -> PermanentError:
    return PermanentError(Reason.BAD_SYNTAX, what)
