import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.inspect.check import structure_of
from skrytka.inspect.errors import PoisonedMessageError
from skrytka.inspect.jobs import structure
from skrytka.mail.delivery.incoming import rescan, scan_header
from skrytka.mail.delivery.summary import Insides, _fields, summary_of, unread_summary
from skrytka.mail.mailbox.types import SUMMARY_FIELDS
from skrytka.store.seal.summary import Summary, decode_summary
from skrytka.store.seal.text import MessageText, decode_text
from tests.unit.mail.world import MESSAGE

MULTIPART = (
    b"From: a@b.test\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\npreamble\r\n"
    b"--x\r\n\r\nfirst\r\n"
    b"--x\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nsecond\r\n"
    b"--x\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nthird\r\n"
    b"--x--\r\n"
)


def summary(message: bytes) -> Summary:
    return summary_of(structure_of(structure(message), len(message)), rescan(message), b"h" * 32)


def test_a_summary_says_what_fetch_and_sort_ask_for() -> None:
    made = summary(MESSAGE)
    assert MESSAGE[made.header_bytes :] == b"Hello Alice\r\n"
    assert made.envelope.startswith(b'("Fri, 15 Jan 2027 09:00:00 +0100" "Re: lunch" (("Bob" NIL "bob" "example.net"))')
    assert (made.message_id, made.subject_base, made.sent_at_ms) == ("1@example.net", "lunch", 1800000000000)
    assert made.bodystructure.startswith(b'("text" "plain"')
    assert not made.has_attachment


def test_it_has_all_fields_of_the_names_it_has_as_they_stood() -> None:
    made = summary(b"To: a@b.test,\r\n c@d.test\r\nX-Spam: no\r\nTo: e@f.test\r\n\r\n")
    assert made.fields == {b"to": b"To: a@b.test,\r\n c@d.test\r\nTo: e@f.test\r\n"}
    assert set(summary(MESSAGE).fields) <= SUMMARY_FIELDS


def test_a_header_full_of_fields_of_one_name_takes_no_time_that_grows_with_its_square() -> None:
    found = scan_header(b"to:\r\n" * 50_000 + b"\r\n")
    began_s = time.process_time()
    assert len(unread_summary(found, 0, b"").fields) == 0
    assert _fields(found) == {b"to": found.raw[:-2]}
    for _ in range(1000):
        assert found.first(b"subject") is None
    assert time.process_time() - began_s < 0.15  # 0.5 s when each field was added to those before


def test_parts_lie_where_they_are_said_to_lie_behind_any_prefix() -> None:
    prefix = b"Delivered-To: alice@example.test\r\n"
    made = decode_summary(Insides(summary(MULTIPART)).behind(len(prefix)))
    whole = prefix + MULTIPART
    bodies = {part.number: whole[part.body_start : part.body_end] for part in made.parts}
    assert bodies["1"] == b"first"
    assert bodies["2"] == b"second"
    assert bodies["3.1"] == b"third"
    inner = next(part for part in made.parts if part.number == "3")
    assert whole[inner.inner_body_start : inner.body_end] == b"third"
    assert whole[: made.header_bytes].endswith(b"boundary=x\r\n\r\n")
    assert made.has_attachment


def test_the_header_of_a_simple_message_begins_with_the_prefix() -> None:
    made = decode_summary(Insides(summary(MESSAGE)).behind(10))
    (part,) = made.parts
    assert (part.header_start, part.body_start) == (0, made.header_bytes)


def test_equal_prefixes_share_one_encoding() -> None:
    shared = Insides(summary(MESSAGE))
    assert shared.behind(10) is shared.behind(10)
    assert shared.behind(10) != shared.behind(11)


@pytest.mark.parametrize("message", [b"", b"\r\n", b"x", b"\0\xff\r\n\r\n\0", b"Content-Type: multipart/mixed\r\n\r\n"])
def test_any_message_has_a_summary(message: bytes) -> None:
    assert decode_summary(Insides(summary(message)).behind(0)) == summary(message)


@given(
    st.lists(
        st.sampled_from([MULTIPART[:40], b"--x\r\n", b"--x--", b"\r\n", b"Subject: \xff", b":", b"\r"]), max_size=20
    )
)
def test_no_message_breaks_it(pieces: list[bytes]) -> None:
    message = b"".join(pieces)
    made = decode_summary(Insides(summary(message)).behind(7))
    assert all(part.header_start <= part.body_start <= part.body_end <= len(message) + 7 for part in made.parts)


def test_the_subject_is_compared_decoded_and_a_preview_comes_along() -> None:
    made = summary(b"Subject: =?utf-8?q?Re=3A_Cze=C5=9B=C4=87?=\r\n\r\nDo jutra\r\n")
    assert (made.subject_base, made.preview) == ("Cześć", "Do jutra")


def test_copies_share_the_search_text_and_an_empty_one_is_none() -> None:
    shared = Insides(summary(MESSAGE), MessageText(b"subject: lunch", b"hello"))
    assert decode_text(shared.text) == (b"subject: lunch", b"hello")
    assert Insides(summary(MESSAGE)).text == b""


def test_of_a_poisoned_message_nothing_is_said_but_where_its_header_ends() -> None:
    made = unread_summary(rescan(MULTIPART), len(MULTIPART), b"h" * 32)
    assert MULTIPART[: made.header_bytes].endswith(b"boundary=x\r\n\r\n")
    assert made.bodystructure.startswith(b'("application" "octet-stream" NIL NIL NIL "binary"')
    (part,) = made.parts
    assert (part.body_start, part.body_end) == (made.header_bytes, len(MULTIPART))
    assert (made.fields, made.subject_base, made.has_attachment) == ({}, "", False)
    poison = PoisonedMessageError("structure: ended")
    assert decode_summary(Insides(made, poison=poison).behind(9)).header_bytes == made.header_bytes + 9
