"""RFC 9051 6.4.4: decoded before comparison, substring, case does not matter."""

import pytest

from skrytka.servers.imap.text_match import field_values, folded, has_field, has_text, named_fields
from tests.unit.servers.imap.messages import NESTED, PLAIN


def test_fields_are_unfolded_and_decoded() -> None:
    raw = b"To: a@b,\r\n\tc@d\r\nTo: =?iso-8859-2?q?=B3?=\r\n"
    assert list(field_values(raw)) == ["a@b,\tc@d", "ł"]
    assert has_field(raw, folded("ł"))
    assert not has_field(b"", "")
    assert has_field(b"X:\r\n", "")


def test_fields_are_picked_by_name() -> None:
    assert named_fields(b"A: 1\r\nB: 2\r\na: 3\r\n\r\n", b"a") == b"A: 1\r\na: 3\r\n"


@pytest.mark.parametrize(
    ("message", "needle", "in_body", "in_text"),
    [
        (PLAIN, "HELLO", True, True),
        (PLAIN, "Zażółć", False, True),
        (NESTED, "łódź", True, True),
        (NESTED, "Subject: inner", True, True),  # the header of a message inside is part of the body
        (NESTED, "subject: outer", False, True),
        (NESTED, "preamble", False, False),
        (b"Content-Type: text/plain; charset=nonsense\r\n\r\nabc", "abc", True, True),
        (b"Content-Type: image/png\r\n\r\nabc", "abc", False, False),
    ],
)
def test_texts_are_found(message: bytes, needle: str, in_body: bool, in_text: bool) -> None:
    assert has_text(message, folded(needle), with_header=False) is in_body
    assert has_text(message, folded(needle), with_header=True) is in_text
