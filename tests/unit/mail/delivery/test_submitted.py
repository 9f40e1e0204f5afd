"""What is added to and taken out of the header of a submission (RFC 6409 8)."""

import pytest

from skrytka.mail.delivery.submitted import SubmissionFilter
from skrytka.model.clock import FixedClock
from tests.unit.mail.support import CountingRandom

WHOLE = b"From: a@example.test\r\nDate: Fri, 15 Jan 2027 08:00:00 +0000\r\nMessage-ID: <1@x>\r\n\r\nbody\r\n"


def passed(message: bytes, *, is_cut: bool = False) -> bytes:
    header = SubmissionFilter("mx.example.test", 10_000, FixedClock(), CountingRandom())
    pieces = [message[i : i + 1] for i in range(len(message))] if is_cut else [message]
    return b"".join(map(header.feed, pieces)) + header.finish()


@pytest.mark.parametrize("is_cut", [True, False])
def test_a_complete_message_stays_octet_by_octet(is_cut: bool) -> None:
    assert passed(WHOLE, is_cut=is_cut) == WHOLE


def test_message_id_and_date_are_added_when_they_are_missing() -> None:
    out = passed(b"From: a@example.test\r\n\r\nbody\r\n")
    lines = out.split(b"\r\n")
    assert lines[0].startswith(b"Message-ID: <")
    assert lines[0].endswith(b"@mx.example.test>")
    assert lines[1].startswith(b"Date: Fri, 15 Jan 2027 08:00:00 ")
    assert out.endswith(b"From: a@example.test\r\n\r\nbody\r\n")
    assert out.count(b"\r\n\r\n") == 1


@pytest.mark.parametrize("message", [b"\r\nbody\r\n", b"", b"no header at all", b"Date: x"])
def test_odd_messages_get_a_header_too(message: bytes) -> None:
    out = passed(message)
    assert out.startswith(b"Message-ID: ")
    assert out.endswith(message)


def test_what_others_may_not_see_goes_and_what_looks_like_it_stays() -> None:
    hidden = b"Bcc: eve@example.org,\r\n\tmallory@example.org\r\nReturn-Path: <x@y>\r\nResent-Bcc: z@example.org\r\n"
    kept = b"X-Bcc: Bcc: eve@example.org,\r\nSubject: Bcc: eve\r\n"
    assert passed(kept + hidden + WHOLE) == kept + WHOLE
