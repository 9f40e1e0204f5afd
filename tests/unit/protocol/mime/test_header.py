"""protocol/mime/header.py."""

import pytest

from skrytka.protocol.mime.header import fields, first_values, header_end, select_fields, unfold

SECTION = b"From: a@b\r\nSubject: one\r\n two\r\nnot a field\r\nX-Empty:\r\nfrom: second\r\n\r\n"


def test_fields_are_found_with_folds_and_offsets() -> None:
    found = list(fields(SECTION))
    assert [(field.name, field.value) for field in found] == [
        (b"from", b"a@b"),
        (b"subject", b"one two"),
        (b"x-empty", b""),
        (b"from", b"second"),
    ]
    assert SECTION[found[1].start : found[1].end] == b"Subject: one\r\n two\r\n"


def test_the_first_of_two_fields_counts() -> None:
    assert first_values(SECTION)[b"from"] == b"a@b"


def test_selected_fields_stand_as_they_are_with_a_blank_line() -> None:
    assert select_fields(SECTION, frozenset({b"subject"})) == b"Subject: one\r\n two\r\n\r\n"
    assert select_fields(SECTION, frozenset({b"from", b"x-empty"}), is_negated=True) == b"Subject: one\r\n two\r\n\r\n"
    assert select_fields(b"\r\n", frozenset({b"from"})) == select_fields(b"A: b\n\n", frozenset({b"from"})) == b"\r\n"


@pytest.mark.parametrize("section", [b"", b"A: b", b"A: b\r\n", b"A: b\n"])
def test_a_message_that_has_no_blank_line_gets_none(section: bytes) -> None:
    """RFC 9051 6.4.5.1: the one exception."""
    assert select_fields(section, frozenset({b"a"})) == section


@pytest.mark.parametrize(
    ("raw", "expected"),
    [(b" a\r\n b", b"a b"), (b"a\n\tb", b"a\tb"), (b"a\rb\0c", b"a b c"), (b"a\nb", b"a b")],
)
def test_an_unfolded_value_has_no_line_end(raw: bytes, expected: bytes) -> None:
    assert unfold(raw) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [(b"A: b\r\n\r\nx", 8), (b"A: b\n\nx", 6), (b"\r\nx", 2), (b"\nx", 1), (b"A: b\r\n", 6), (b"", 0)],
)
def test_the_header_ends_behind_the_blank_line(data: bytes, expected: int) -> None:
    assert header_end(data, 0, len(data)) == expected
