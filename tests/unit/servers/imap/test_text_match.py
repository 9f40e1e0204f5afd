"""RFC 9051 6.4.4: decoded before comparison, substring, case does not matter."""

from skrytka.mail.mailbox.types import MessageRow
from skrytka.model.ids import EmailId, ThreadId, Uid
from skrytka.servers.imap.text_match import VALUE_START, field_values, folded, has_field, named_fields, values_of
from tests.support.imap_boxes import summarize


def test_fields_are_unfolded_and_decoded() -> None:
    raw = b"To: a@b,\r\n\tc@d\r\nTo: =?iso-8859-2?q?=B3?=\r\n"
    assert list(field_values(raw)) == ["a@b,\tc@d", "ł"]
    assert has_field(raw, folded("ł"))
    assert not has_field(b"", "")
    assert has_field(b"X:\r\n", "")


def test_fields_are_picked_by_name() -> None:
    assert named_fields(b"A: 1\r\nB: 2\r\na: 3\r\n\r\n", b"a") == b"A: 1\r\na: 3\r\n"


def values(name: bytes, raw: bytes) -> bytes:
    row = MessageRow(
        uid=Uid(1),
        size_bytes=0,
        received_at_ms=0,
        saved_at_ms=0,
        email_id=EmailId(b""),
        thread_id=ThreadId(b""),
        summary=summarize(raw),
    )
    return values_of(name).make(row)


def test_values_are_kept_folded_each_behind_its_start() -> None:
    found = values(b"to", b"To: A@B\r\nTo: =?iso-8859-2?q?=A3?=  x\0y\r\n\r\n")
    assert found.split(VALUE_START) == [b"", b"a@b", b"l x y"]
    assert values(b"subject", b"Subject:\r\n\r\n") == VALUE_START
    assert values(b"subject", b"To: a\r\n\r\n") == b""
    assert values_of(b"to").key != values_of(b"cc").key
