import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.mail.delivery.fields import sent_at_ms, sent_day, subject_base

SUBJECTS = [
    ("Hello", "Hello"),
    ("Re: Hello", "Hello"),
    ("RE : fwd:Re[2]: Hello", "Hello"),
    ("[list] Re: [list] Hello", "Hello"),
    ("Re: [a] [b] Hello (fwd) (FWD) ", "Hello"),
    ("[Fwd: Re: Hello]", "Hello"),
    ("[only a blob]", "[only a blob]"),
    ("Hello\r\n\t  world", "Hello world"),
    ("Re: Cześć", "Cześć"),
    ("Reply: x", "Reply: x"),
    ("", ""),
    ("Re:", ""),
]


@pytest.mark.parametrize(("raw", "expected"), SUBJECTS)
def test_the_base_subject_follows_rfc_5256(raw: str, expected: str) -> None:
    assert subject_base(raw) == expected


DATES = [
    (b"Fri, 21 Nov 1997 09:55:06 -0600", 880127706000),
    (b"21 Nov 97 09:55:06 GMT", 880106106000),
    (b"21 Nov 1997 09(comment):55 EST", None),
    (b"21 Nov 1997 09:55 EST", 880124100000),
    (b"Fri, 21 Nov 1997 (x) 09:55:06 +0000 (UTC)", 880106106000),
    (b"1 January 2000 00:00:60 +0000", 946684859000),
    (b"31 Feb 2000 00:00:00 +0000", None),
    (b"21 Nov 1997 09:55:06 +9999", None),
    (b"1 Jan 0001 00:00:00 +2300", None),
    (b"yesterday", None),
    (b"", None),
]


@pytest.mark.parametrize(("raw", "expected"), DATES)
def test_a_date_is_read_as_rfc_5322_writes_it_or_not_at_all(raw: bytes, expected: int | None) -> None:
    assert sent_at_ms(raw) == expected


@given(st.binary(max_size=300))
def test_no_input_raises(raw: bytes) -> None:
    subject_base(raw.decode("utf-8", "replace"))
    sent_at_ms(raw)


@given(st.lists(st.sampled_from(["Re:", "[", "]", " ", "(fwd)", "fwd:", "x", "[fwd:"]), max_size=40))
def test_the_base_of_a_base_is_itself(pieces: list[str]) -> None:
    base = subject_base("".join(pieces))
    assert subject_base(base) == base


@pytest.mark.parametrize(
    ("raw", "day"),
    [
        (b"Date: Mon, 7 Feb 1994 21:52:25 -0800\r\n", 8803),  # the 8th in UTC
        (b"Date: Tue, 8 Feb 1994 00:30:00 +0300\r\n", 8804),  # the 7th in UTC
        (b"30 Feb 1994 00:30:00 +0300", None),
        (b"", None),
    ],
)
def test_the_day_is_the_one_that_is_written(raw: bytes, day: int | None) -> None:
    assert sent_day(raw) == day
