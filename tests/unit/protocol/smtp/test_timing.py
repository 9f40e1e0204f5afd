import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.model import reply as replies
from skrytka.model.envelope import By, Hold
from skrytka.model.reply import Reply
from skrytka.protocol.smtp.parameters import CommandError
from skrytka.protocol.smtp.timing import (
    date_time,
    parse_by,
    parse_date_time,
    parse_hold_for,
    parse_hold_until,
    parse_priority,
)

NEW_YEAR_MS = 1_798_761_600_000  # 2027-01-01T00:00:00Z


def refusal(parse: object, *arguments: object) -> Reply:
    with pytest.raises(CommandError) as caught:
        parse(*arguments)  # type: ignore[operator]
    return caught.value.reply


@pytest.mark.parametrize(("value", "seconds"), [("1", 1), ("86400", 86_400), ("999999999", 999_999_999)])
def test_an_interval_is_seconds(value: str, seconds: int) -> None:
    hold = parse_hold_for(value)
    assert hold == Hold(f"for;{value}", for_s=seconds)
    assert hold.release_at_ms(NEW_YEAR_MS) == NEW_YEAR_MS + seconds * 1000


@pytest.mark.parametrize("value", ["0", "01", "-1", "+1", "1.5", "1000000000", "", " 1", "1s", "²", "1\n"])
def test_an_interval_that_rfc_4865_does_not_know_is_refused(value: str) -> None:
    assert refusal(parse_hold_for, value) == replies.BAD_SYNTAX


@pytest.mark.parametrize(
    ("value", "at_ms"),
    [
        ("2027-01-01T00:00:00Z", NEW_YEAR_MS),
        ("2027-01-01t00:00:00z", NEW_YEAR_MS),
        ("2027-01-01T00:00:00.25Z", NEW_YEAR_MS + 1000),  # held until that time has really come
        ("2026-12-31T23:59:60Z", NEW_YEAR_MS),  # a leap second
        ("2028-02-29T12:30:05Z", 1_835_440_205_000),
        ("9999-12-31T23:59:59Z", 253_402_300_799_000),
    ],
)
def test_a_time_is_one_of_utc(value: str, at_ms: int) -> None:
    hold = parse_hold_until(value)
    assert hold == Hold(f"until;{value}", until_ms=at_ms)
    assert hold.release_at_ms(5) == at_ms


@pytest.mark.parametrize(
    "value",
    [
        "2027-01-01",
        "2027-01-01T00:00Z",
        "2027-01-01T00:00:00",
        "2027-01-01T00:00:00+00:00",
        "2027-01-01T01:00:00+01:00",
        "2027-01-01 00:00:00Z",
        "2027-02-29T00:00:00Z",
        "2027-13-01T00:00:00Z",
        "2027-01-00T00:00:00Z",
        "2027-01-01T24:00:00Z",
        "2027-01-01T00:60:00Z",
        "2027-01-01T00:00:60Z",
        "2027-01-01T00:00:00.123Z",  # RFC 4865 3: the command grows by 34 characters
        "2027-01-01T00:00:00.Z",
        "0000-01-01T00:00:00Z",
        "9999-12-31T23:59:60Z",
        "20270101T000000Z",
        "٢027-01-01T00:00:00Z",
        "2027-01-01T00:00:00Z\n",
        "",
    ],
)
def test_a_time_that_there_is_not_is_refused(value: str) -> None:
    assert refusal(parse_hold_until, value) == replies.BAD_SYNTAX


@given(st.integers(0, 253_402_300_799))
def test_every_second_is_written_and_read(second: int) -> None:
    assert parse_date_time(date_time(second * 1000)) == second * 1000


@given(st.text(max_size=30))
def test_whatever_is_said_is_a_value_or_a_refusal(text: str) -> None:
    for parse in (parse_hold_for, parse_hold_until, parse_priority, lambda value: parse_by(value, 1)):
        try:
            parse(text)
        except CommandError:
            continue


@pytest.mark.parametrize(
    ("value", "by"),
    [
        ("120;R", By(120, is_return=True)),
        ("+120;r", By(120, is_return=True)),
        ("98;RT", By(98, is_return=True, is_traced=True)),
        ("60;R", By(60, is_return=True)),
        ("1;N", By(1, is_return=False)),
        ("0;N", By(0, is_return=False)),
        ("-30;n", By(-30, is_return=False)),
        ("-999999999;NT", By(-999_999_999, is_return=False, is_traced=True)),
        ("999999999;R", By(999_999_999, is_return=True)),
    ],
)
def test_a_time_for_delivery_has_a_mode(value: str, by: By) -> None:
    assert parse_by(value, 60) == by
    assert parse_by(str(by), 60) == by


@pytest.mark.parametrize(
    "value",
    ["", "120", "120;", ";R", "120R", "120;T", "120;TR", "120;RN", "120;RTT", "1.5;R", "1000000000;R", "--1;N", "x;N"],
)
def test_a_time_for_delivery_without_a_mode_is_refused(value: str) -> None:
    assert refusal(parse_by, value, 1) == replies.BAD_SYNTAX


@pytest.mark.parametrize("value", ["0;R", "-1;R", "-0;RT"])
def test_nothing_is_returned_before_it_was_sent(value: str) -> None:
    """RFC 2852 4: 501 5.5.4."""
    assert refusal(parse_by, value, 60) == replies.BAD_SYNTAX


def test_a_time_below_the_least_is_refused_for_good() -> None:
    """RFC 2852 3: 55z."""
    reply = refusal(parse_by, "59;R", 60)
    assert (reply.code, reply.enhanced) == (555, "5.4.7")
    assert "60" in reply.lines[0]


@pytest.mark.parametrize("value", range(-9, 10))
def test_a_priority_is_one_digit(value: int) -> None:
    assert parse_priority(str(value)) == value


@pytest.mark.parametrize("value", ["10", "-10", "+1", "-0", "00", "01", "", "x", "1.0", "٣", "3\n"])
def test_what_is_no_priority_is_refused(value: str) -> None:
    """RFC 6710 4.1: 501 5.5.2."""
    assert refusal(parse_priority, value) == replies.BAD_PRIORITY
