"""RFC 9051 9: date and date-time."""

import pytest

from skrytka.model.errors import RemoteProtocolError
from skrytka.protocol.imap.dates import day_of, format_date_time, parse_date, parse_date_time

FEBRUARY_FIRST_1994 = 760_060_800_000


def test_a_date_is_a_day() -> None:
    assert parse_date(b"1-Feb-1994") == parse_date(b"01-fEB-1994") == day_of(FEBRUARY_FIRST_1994)
    assert day_of(FEBRUARY_FIRST_1994 - 1) == parse_date(b"31-Jan-1994")


@pytest.mark.parametrize(
    ("raw", "at_ms"),
    [
        (b"17-Jul-1996 02:44:25 -0700", 837_596_665_000),
        (b" 1-Feb-1994 00:00:00 +0000", FEBRUARY_FIRST_1994),
        (b"01-Feb-1994 01:30:00 +0130", FEBRUARY_FIRST_1994),
        (b"31-Jan-1994 23:59:60 +0000", FEBRUARY_FIRST_1994 - 1000),
    ],
)
def test_a_date_time_is_a_moment(raw: bytes, at_ms: int) -> None:
    assert parse_date_time(raw) == at_ms


def test_a_moment_is_written_in_utc_with_a_fixed_width() -> None:
    assert format_date_time(FEBRUARY_FIRST_1994 + 3_723_456) == b'" 1-Feb-1994 01:02:03 +0000"'
    assert format_date_time(837_596_665_000) == b'"17-Jul-1996 09:44:25 +0000"'


@pytest.mark.parametrize("at_ms", [-5, 0, 10**18])
def test_impossible_moments_are_written_as_the_nearest_possible(at_ms: int) -> None:
    assert parse_date_time(format_date_time(at_ms).strip(b'"')) >= 0


@pytest.mark.parametrize(
    "raw", [b"", b"1-Foo-1994", b"32-Jan-1994", b"29-Feb-1995", b"1-Jan-94", b"1-Jan-0000", b"1 Jan 1994"]
)
def test_no_date_is_refused(raw: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        parse_date(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b"1-Feb-1994 00:00:00 +0000",
        b"01-Feb-1994 24:00:00 +0000",
        b"01-Feb-1994 00:60:00 +0000",
        b"01-Feb-1994 00:00:61 +0000",
        b"01-Feb-1994 00:00:00 +2400",
        b"01-Feb-1994 00:00:00 GMT",
        b"01-Feb-1994",
    ],
)
def test_no_date_time_is_refused(raw: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        parse_date_time(raw)


def test_the_first_day_of_the_calendar_is_no_trap() -> None:
    assert parse_date_time(b"01-Jan-0001 00:00:00 +1400") < 0
