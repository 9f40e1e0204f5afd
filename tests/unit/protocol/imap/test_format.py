"""RFC 9051 9: strings, flags, ids."""

import pytest

from skrytka.model.ids import EmailId, ThreadId
from skrytka.protocol.imap import format as fmt


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"abc]", b"abc]"),
        (b"", b'""'),
        (b"a b", b'"a b"'),
        (b'a"\\', b'"a\\"\\\\"'),
        (b"nil", b'"nil"'),
        (b"a\r\nb", b"{4}\r\na\r\nb"),
        (b"\xc5\x82", b"{2}\r\n\xc5\x82"),
    ],
)
def test_a_string_takes_the_simplest_form_it_may(value: bytes, text: bytes) -> None:
    assert fmt.astring(value) == text


@pytest.mark.parametrize(
    ("name", "is_utf8", "text"),
    [
        ("INBOX", False, b"INBOX"),
        ("Wysłane", False, b'"Wys&AUI-ane"'),
        ("Wysłane", True, '"Wysłane"'.encode()),
        ('a"b', True, b'"a\\"b"'),
    ],
)
def test_mailbox_names_follow_the_mode_of_the_session(name: str, is_utf8: bool, text: bytes) -> None:
    assert fmt.mailbox(name, is_utf8=is_utf8) == text


def test_line_ends_are_never_quoted() -> None:
    with pytest.raises(ValueError, match="CR and LF"):
        fmt.quoted(b"a\r\n* BYE")


def test_flags_are_named_by_bit() -> None:
    texts = fmt.FlagTexts(["$Junk", "work"])
    assert texts.text(0) == b"()"
    assert texts.text(1 | 8 | 1 << 9) == b"(\\Seen \\Deleted work)"
    assert texts.text(1 << 8) == b"($Junk)"
    assert fmt.FlagTexts(["", "x"]).text(3 << 8) == b"(x)"
    assert texts.defined() == b"\\Seen \\Answered \\Flagged \\Deleted \\Draft $Junk work"


def test_ids_of_mail_and_thread_never_look_alike() -> None:
    raw = bytes(range(16))
    assert fmt.email_id(EmailId(raw))[1:] == fmt.thread_id(ThreadId(raw))[1:]
    assert fmt.email_id(EmailId(raw))[:1] == b"M"
    assert fmt.thread_id(ThreadId(raw))[:1] == b"T"


def test_literals_count_their_octets() -> None:
    assert fmt.literal(b"a\r\n") == b"{3}\r\na\r\n"
    assert fmt.literal8(b"\0") == b"~{1}\r\n\0"
