import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.mail.delivery.fields import sent_at_ms, subject_base

SUBJECTS = [
    (b"Hello", "Hello"),
    (b"Re: Hello", "Hello"),
    (b"RE : fwd:Re[2]: Hello", "Hello"),
    (b"[list] Re: [list] Hello", "Hello"),
    (b"Re: [a] [b] Hello (fwd) (FWD) ", "Hello"),
    (b"[Fwd: Re: Hello]", "Hello"),
    (b"[only a blob]", "[only a blob]"),
    (b"Hello\r\n\t  world", "Hello world"),
    (b"=?utf-8?q?Re=3A_Cze=C5=9B=C4=87?=", "Cześć"),
    (b"Reply: x", "Reply: x"),
    (b"", ""),
    (b"Re:", ""),
]


@pytest.mark.parametrize(("raw", "expected"), SUBJECTS)
def test_the_base_subject_follows_rfc_5256(raw: bytes, expected: str) -> None:
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
    subject_base(raw)
    sent_at_ms(raw)


@given(st.lists(st.sampled_from([b"Re:", b"[", b"]", b" ", b"(fwd)", b"fwd:", b"x", b"[fwd:"]), max_size=40))
def test_the_base_of_a_base_is_itself(pieces: list[bytes]) -> None:
    base = subject_base(b"".join(pieces))
    assert subject_base(base.encode()) == base
