"""protocol/mime/imap_text.py."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.protocol.mime.imap_text import bodies, string
from tests.support.imap_grammar import check
from tests.support.mime import envelope_of, read

# The message of RFC 9051 8 and its BODY as that section prints it.
RFC_9051_8 = (
    b"Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\r\nFrom: Terry Gray <gray@cac.washington.edu>\r\n"
    b"Subject: IMAP4rev2 WG mtg summary and minutes\r\nTo: imap@cac.washington.edu\r\n"
    b"cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>\r\n"
    b"Message-Id: <B27397-0100000@cac.washington.ed>\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: TEXT/PLAIN; CHARSET=US-ASCII\r\n\r\n"
)


def test_the_envelope_of_rfc_9051_is_written_as_it_stands_there() -> None:
    gray = b'(("Terry Gray" NIL "gray" "cac.washington.edu"))'
    assert envelope_of(RFC_9051_8) == (
        b'("Wed, 17 Jul 1996 02:23:25 -0700 (PDT)" "IMAP4rev2 WG mtg summary and minutes" '
        + gray + b" " + gray + b" " + gray
        + b' ((NIL NIL "imap" "cac.washington.edu")) ((NIL NIL "minutes" "CNRI.Reston.VA.US")'
        b'("John Klensin" NIL "KLENSIN" "MIT.EDU")) NIL NIL "<B27397-0100000@cac.washington.ed>")'
    )  # fmt: skip


def test_body_and_bodystructure_of_a_plain_text() -> None:
    data = RFC_9051_8 + b"line\r\n" * 3
    part = read(data)
    plain = b'("text" "plain" ("charset" "US-ASCII") NIL NIL "7bit" 18 3'
    assert bodies(part).body == plain + b")"
    assert bodies(part).bodystructure == plain + b" NIL NIL NIL NIL)"


def test_a_multipart_lists_its_parts_then_its_subtype() -> None:
    data = (
        b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\nx\r\n--a\r\nContent-Type: image/png; name=p\r\n"
        b"Content-Transfer-Encoding: BASE64\r\nContent-Disposition: attachment; filename=p.png\r\n"
        b"Content-Language: pl, en\r\nContent-ID: <i@d>\r\n\r\nAAAA\r\n--a--\r\n"
    )
    assert bodies(read(data)).bodystructure == (
        b'(("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 1 0 NIL NIL NIL NIL)'
        b'("image" "png" ("name" "p") "<i@d>" NIL "base64" 4 NIL ("attachment" ("filename" "p.png")) ("pl" "en") NIL)'
        b' "mixed" ("boundary" "a") NIL NIL NIL)'
    )


def test_a_message_in_a_message_has_its_envelope_body_and_lines() -> None:
    data = b"Content-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\nx\r\n"
    assert bodies(read(data)).body == (
        b'("message" "rfc822" NIL NIL NIL "7bit" 18 (NIL "in" NIL NIL NIL NIL NIL NIL NIL NIL) '
        b'("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 3 1) 3)'
    )


def test_a_multipart_without_parts_shows_one_empty_text() -> None:
    data = b"Content-Type: multipart/mixed\r\n\r\nx"
    assert bodies(read(data)).body.startswith(b'(("text" "plain"')


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"a", b'"a"'),
        (b'q"\\', b'"q\\"\\\\"'),
        (b"\xff", b"{1}\r\n\xff"),
        (b"a\r\nb", b"{4}\r\na\r\nb"),
        (b"a\0b", b"{2}\r\nab"),
        (b"x" * 1001, b"{1001}\r\n" + b"x" * 1001),
    ],
)
def test_strings_are_quoted_where_they_may_be(value: bytes, expected: bytes) -> None:
    assert string(value) == expected


NAMES = st.sampled_from(
    [b"From", b"To", b"Sender", b"Reply-To", b"Subject", b"Date", b"Message-ID", b"Content-Type", b"Content-Language",
     b"Content-Disposition", b"Content-Transfer-Encoding", b"Content-ID", b"Content-MD5", b"Content-Location"]
)  # fmt: skip
PIECES = st.sampled_from(
    [b"multipart/mixed", b"message/rfc822", b"text/plain", b"text", b"/", b";", b" boundary=a", b" name*=utf-8''%C5%82",
     b'"', b"\\", b"(", b")", b"<", b">", b"@", b",", b":", b" ", b"a", b"\xb3", "ł".encode(), b"=?utf-8?q?=C5=82?=",
     b"\r\n ", b"\t", b"en", b"base64", b"=", b"*", b"[", b"]", b"{5}", b"NIL", b"\x7f", b"\0", b"\r"]
)  # fmt: skip
VALUES = st.lists(PIECES, max_size=8).map(b"".join)
FIELDS = st.lists(st.tuples(NAMES, VALUES).map(lambda pair: pair[0] + b": " + pair[1] + b"\r\n"), max_size=6)
BLOCKS = FIELDS.map(lambda fields: b"".join(fields) + b"\r\n") | st.sampled_from(
    [b"--a\r\n", b"--a--\r\n", b"text\r\n"]
)


@given(st.lists(BLOCKS, max_size=8).map(b"".join))
def test_whatever_the_mail_what_is_said_of_it_is_grammar(data: bytes) -> None:
    said = b"* 1 FETCH (ENVELOPE %b BODY %b BODYSTRUCTURE %b)\r\n" % (envelope_of(data), *bodies(read(data)))
    check(said, is_utf8=False)
