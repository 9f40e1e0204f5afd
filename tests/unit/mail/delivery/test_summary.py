import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.mail.delivery.incoming import rescan
from skrytka.mail.delivery.summary import SharedSummary, summarize
from skrytka.mail.mailbox.types import SUMMARY_FIELDS
from skrytka.store.seal.summary import Summary, decode_summary
from tests.unit.mail.world import MESSAGE

MULTIPART = (
    b"From: a@b.test\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\npreamble\r\n"
    b"--x\r\n\r\nfirst\r\n"
    b"--x\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nsecond\r\n"
    b"--x\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nthird\r\n"
    b"--x--\r\n"
)


def summary_of(message: bytes) -> Summary:
    return summarize(message, rescan(message), b"h" * 32)


def test_a_summary_says_what_fetch_and_sort_ask_for() -> None:
    summary = summary_of(MESSAGE)
    assert MESSAGE[summary.header_bytes :] == b"Hello Alice\r\n"
    assert summary.envelope.startswith(
        b'("Fri, 15 Jan 2027 09:00:00 +0100" "Re: lunch" (("Bob" NIL "bob" "example.net"))'
    )
    assert (summary.message_id, summary.subject_base, summary.sent_at_ms) == ("1@example.net", "lunch", 1800000000000)
    assert summary.bodystructure.startswith(b'("text" "plain"')
    assert not summary.has_attachment


def test_it_has_all_fields_of_the_names_it_has_as_they_stood() -> None:
    summary = summary_of(b"To: a@b.test,\r\n c@d.test\r\nX-Spam: no\r\nTo: e@f.test\r\n\r\n")
    assert summary.fields == {b"to": b"To: a@b.test,\r\n c@d.test\r\nTo: e@f.test\r\n"}
    assert set(summary_of(MESSAGE).fields) <= SUMMARY_FIELDS


def test_parts_lie_where_they_are_said_to_lie_behind_any_prefix() -> None:
    prefix = b"Delivered-To: alice@example.test\r\n"
    summary = decode_summary(SharedSummary(summary_of(MULTIPART)).behind(len(prefix)))
    whole = prefix + MULTIPART
    bodies = {part.number: whole[part.body_start : part.body_end] for part in summary.parts}
    assert bodies["1"] == b"first"
    assert bodies["2"] == b"second"
    assert bodies["3.1"] == b"third"
    inner = next(part for part in summary.parts if part.number == "3")
    assert whole[inner.inner_body_start : inner.body_end] == b"third"
    assert whole[: summary.header_bytes].endswith(b"boundary=x\r\n\r\n")
    assert summary.has_attachment


def test_the_header_of_a_simple_message_begins_with_the_prefix() -> None:
    summary = decode_summary(SharedSummary(summary_of(MESSAGE)).behind(10))
    (part,) = summary.parts
    assert (part.header_start, part.body_start) == (0, summary.header_bytes)


def test_equal_prefixes_share_one_encoding() -> None:
    shared = SharedSummary(summary_of(MESSAGE))
    assert shared.behind(10) is shared.behind(10)
    assert shared.behind(10) != shared.behind(11)


@pytest.mark.parametrize("message", [b"", b"\r\n", b"x", b"\0\xff\r\n\r\n\0", b"Content-Type: multipart/mixed\r\n\r\n"])
def test_any_message_has_a_summary(message: bytes) -> None:
    assert decode_summary(SharedSummary(summary_of(message)).behind(0)) == summary_of(message)


@given(
    st.lists(
        st.sampled_from([MULTIPART[:40], b"--x\r\n", b"--x--", b"\r\n", b"Subject: \xff", b":", b"\r"]), max_size=20
    )
)
def test_no_message_breaks_it(pieces: list[bytes]) -> None:
    message = b"".join(pieces)
    summary = decode_summary(SharedSummary(summary_of(message)).behind(7))
    assert all(part.header_start <= part.body_start <= part.body_end <= len(message) + 7 for part in summary.parts)
