"""RFC 9051 6.4.5.1: spans of sections; what FETCH makes of them stands in test_fetching."""

import pytest

from skrytka.protocol.imap.commands.fetch import Section, Text
from skrytka.servers.imap.sections import (
    HEADER_INLINE_BYTES,
    INLINE_BYTES,
    Span,
    fields_at_hand,
    filtered,
    find_part,
    has_parts_inside,
    is_filtered,
    locate,
    partly,
)
from tests.support.imap_boxes import FakeContent, FakeMessage, summarize
from tests.unit.servers.imap.messages import NESTED, PLAIN

SUMMARY = summarize(NESTED)


@pytest.mark.parametrize(
    ("section", "text"),
    [
        (Section(), NESTED),
        (Section("", Text.TEXT), NESTED[NESTED.index(b"preamble") :]),
        (Section("2", Text.TEXT), b"inner text\r\n"),
        (Section("3"), b"strange"),
        (Section("2", Text.MIME), b"Content-Type: message/rfc822\r\n\r\n"),
    ],
)
def test_spans(section: Section, text: bytes) -> None:
    span = locate(SUMMARY, section, len(NESTED))
    assert span is not None
    assert NESTED[span.start : span.end] == text


@pytest.mark.parametrize("section", [Section("4"), Section("1", Text.TEXT), Section("", Text.MIME), Section("1.1")])
def test_sections_that_do_not_exist(section: Section) -> None:
    assert locate(SUMMARY, section, len(NESTED)) is None


@pytest.mark.parametrize(
    ("partial", "span"),
    [
        (None, Span(10, 20)),
        ((0, 5), Span(10, 15)),
        ((5, 50), Span(15, 20)),
        ((50, 5), Span(20, 20)),
        ((2**63 - 1, 2**63 - 1), Span(20, 20)),
    ],
)
def test_partials_are_cut_to_the_section(partial: tuple[int, int] | None, span: Span) -> None:
    assert partly(Span(10, 20), partial) == span


def test_fields_come_from_the_summary_only_if_it_has_them_all() -> None:
    summary = summarize(PLAIN)
    assert fields_at_hand(summary, Section("", Text.FIELDS, frozenset({b"to"}))) == b"To: bob@example.test\r\n\r\n"
    assert fields_at_hand(summary, Section("", Text.FIELDS, frozenset({b"to", b"x-odd"}))) is None
    assert fields_at_hand(summary, Section("", Text.FIELDS_NOT, frozenset({b"to"}))) is None
    assert fields_at_hand(summary, Section("1", Text.FIELDS, frozenset({b"to"}))) is None


@pytest.mark.parametrize("more", [0, HEADER_INLINE_BYTES, 2 * INLINE_BYTES])
async def test_fields_are_filtered_by_name(more: int) -> None:
    section = Section("", Text.FIELDS_NOT, frozenset({b"a"}))
    assert is_filtered(section)
    assert not is_filtered(Section("", Text.HEADER))
    raw = b"A: 1" + b"x" * more + b"\r\nB: 2\r\n\r\nbody"
    content = FakeContent(FakeMessage(1, raw))
    assert await filtered(content, Span(0, len(raw) - 4), section) == b"B: 2\r\n\r\n"


def test_parts_are_found_by_number_and_leaves_are_known() -> None:
    assert find_part(SUMMARY, "2.1") is not None
    assert find_part(SUMMARY, "9") is None
    assert has_parts_inside(SUMMARY, "2")
    assert not has_parts_inside(SUMMARY, "1")
