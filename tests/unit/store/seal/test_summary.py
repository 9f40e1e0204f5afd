import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.model.errors import PermanentError, Reason
from skrytka.protocol.mime.sections import Section
from skrytka.store.seal.summary import Summary, decode_summary, encode_summary

SUMMARY = Summary(
    header_bytes=120,
    envelope=b'("Mon, 7 Feb 1994 21:52:25 -0800" "hello" NIL NIL NIL NIL NIL NIL NIL "<1@example.test>")',
    body=b'("TEXT" "PLAIN" NIL NIL NIL "7BIT" 5 1)',
    bodystructure=b'("TEXT" "PLAIN" NIL NIL NIL "7BIT" 5 1 NIL NIL NIL NIL)',
    parts=(Section("1", 0, 120, 125, 0, b"7bit"),),
    message_id="1@example.test",
    sha256=b"\x00" * 32,
    subject_base="HELLO",
    sent_at_ms=760_686_745_000,
    fields={b"subject": b"Subject: hello\r\n", b"x-bytes": b"X-Bytes: \xff\xfe\r\n"},
    preview="hello",
)


def test_a_summary_survives_its_encoding() -> None:
    assert decode_summary(encode_summary(SUMMARY)) == SUMMARY


def test_a_record_from_before_a_field_was_added_still_opens() -> None:
    """The first release's record: the ten required members."""
    old = msgspec.msgpack.encode(list(msgspec.structs.astuple(SUMMARY))[:10])
    opened = decode_summary(b"\x01" + old)
    assert opened.envelope == SUMMARY.envelope
    assert opened.preview == ""


def test_a_record_with_a_member_of_a_later_release_still_opens() -> None:
    later = msgspec.msgpack.encode([*msgspec.structs.astuple(SUMMARY), "later"])
    assert decode_summary(b"\x01" + later) == SUMMARY


@pytest.mark.parametrize("raw", [b"", b"\x01", b"\x00" + encode_summary(SUMMARY)[1:], b"\x01\x90", b"\x01\xc0"])
def test_what_is_no_summary_is_corrupt(raw: bytes) -> None:
    with pytest.raises(PermanentError) as caught:
        decode_summary(raw)
    assert caught.value.reason is Reason.CORRUPT


@given(st.binary(max_size=200))
def test_any_bytes_give_a_summary_or_corrupt(raw: bytes) -> None:
    with pytest.raises(PermanentError):
        decode_summary(b"\x01" + raw)


@given(st.integers(0, len(encode_summary(SUMMARY)) - 1))
def test_a_record_cut_short_is_corrupt(length: int) -> None:
    with pytest.raises(PermanentError):
        decode_summary(encode_summary(SUMMARY)[:length])


def test_the_order_of_members_is_that_of_docs_formats() -> None:
    """The sections are a type of protocol.mime; a change there must not change what lies sealed on disks."""
    raw = encode_summary(SUMMARY)
    assert raw[:1] == b"\x01"
    members = msgspec.msgpack.decode(raw[1:])
    assert members[0] == 120
    assert members[1:4] == [SUMMARY.envelope, SUMMARY.body, SUMMARY.bodystructure]
    assert members[4] == [["1", 0, 120, 125, 0, b"7bit"]]
    assert members[5:9] == ["1@example.test", b"\x00" * 32, "HELLO", 760_686_745_000]
    assert members[9] == {b"subject": b"Subject: hello\r\n", b"x-bytes": b"X-Bytes: \xff\xfe\r\n"}
    assert members[10:] == ["hello", False]
