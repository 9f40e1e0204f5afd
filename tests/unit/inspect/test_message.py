"""inspect/message.py."""

import base64
import quopri

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.inspect.message import MessageText, TextLimits, attachment_name, message_text
from skrytka.protocol.mime.part import Part
from skrytka.protocol.mime.scan import scan

LIMITS = TextLimits()


def text_of(data: bytes, limits: TextLimits = LIMITS) -> MessageText:
    return message_text(data, scan(data), limits)


def entity(content_type: str, body: bytes, encoding: str = "8bit", more: str = "") -> bytes:
    head = f"Content-Type: {content_type}\r\nContent-Transfer-Encoding: {encoding}\r\n{more}\r\n"
    return head.encode() + body


POLISH = "Zażółć gęślą jaźń"
FOLDED = b"zazolc gesla jazn"


@pytest.mark.parametrize(
    ("data", "body"),
    [
        (entity("text/plain; charset=utf-8", POLISH.encode()), FOLDED),
        (entity("text/plain; charset=iso-8859-2", POLISH.encode("iso-8859-2")), FOLDED),
        (entity("text/plain; charset=windows-1250", POLISH.encode("cp1250")), FOLDED),
        (entity("text/plain; charset=utf-8", base64.encodebytes(POLISH.encode()), "base64"), FOLDED),
        (entity("text/plain; charset=utf-8", quopri.encodestring(POLISH.encode()), "quoted-printable"), FOLDED),
        (entity("text/plain", POLISH.encode()), FOLDED),  # nothing declared
        (entity("text/html; charset=utf-8", b"<p>Za&#380;&oacute;&#322;<b>\xc4\x87</b></p>\r\n<p>x"), b"zazolc x"),
        (entity("text/html", b"<meta charset=iso-8859-2><p>\xbf\xf3\xb3w"), b"zolw"),
        (entity("text/x-unknown; charset=klingon", b"caf\xe9"), "café".encode()),
        (entity("application/pdf; name=Faktura.pdf", b"not looked at"), b"faktura.pdf"),
        (entity("message/delivery-status", b"Action: Failed"), b"action: failed"),
        (b"", b""),
    ],
)
def test_a_body_is_decoded_and_folded(data: bytes, body: bytes) -> None:
    assert text_of(data).body_text == body


def test_headers_are_decoded_line_by_line() -> None:
    found = text_of(
        b"Subject: =?utf-8?q?=C5=BB=C3=B3=C5=82w?= i\r\n =?iso-8859-2?b?v/Oz?=\r\nX-Other:  B\r\nno field\r\n\r\nbody"
    )
    assert found.header_text == b"subject: zolw i zol\nx-other: b"
    assert found.subject == "Żółw i żół"
    assert found.body_text == b"body"


MULTIPART = (
    b"Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename*=utf-8''%C5%BB.txt\r\n\r\nFirst\r\n"
    b"--b\r\nContent-Type: text/html\r\n\r\n<p>Second</p>\r\n"
    b"--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: Inner\r\n\r\nThird\r\n"
    b'--b\r\nContent-Type: image/png; name="=?utf-8?q?=C5=BC=C3=B3=C5=82w?=.png"\r\n\r\nAAAA\r\n--b--\r\n'
)


def test_all_parts_are_searched_in_order() -> None:
    found = text_of(MULTIPART)
    assert found.body_text.split(b"\n") == [
        b"z.txt",
        b"first",
        b"second",
        b"subject: inner",
        b"third",
        b"zolw.png",
    ]
    assert found.attachment_names == ("Ż.txt", "żółw.png")


def test_headers_of_parts_are_searched_with_the_header_and_not_with_the_body() -> None:
    """RFC 9051 6.4.4: TEXT sees MIME header fields, BODY no header."""
    found = text_of(MULTIPART)
    assert found.header_text.split(b"\n") == [
        b"subject: x",
        b"content-type: multipart/mixed; boundary=b",
        b"content-type: text/plain",
        b"content-disposition: attachment; filename*=utf-8''%c5%bb.txt",
        b"content-type: text/html",
        b"content-type: message/rfc822",
        b'content-type: image/png; name="zolw.png"',
    ]
    nested = text_of(MULTIPART.replace(b"Subject: Inner", b"Subject: Inner\r\nContent-Type: text/html"))
    assert b"content-type: text/html" in nested.body_text


def test_the_preview_is_of_the_first_text_that_is_no_attachment() -> None:
    assert text_of(MULTIPART).preview == "Second"
    assert text_of(entity("text/plain; charset=utf-8", ("Ż" * 300).encode())).preview == "Ż" * 200
    assert text_of(b"Content-Type: image/png\r\n\r\nAAAA").preview == ""


def test_everything_is_bounded() -> None:
    limits = TextLimits(header_bytes=50, body_bytes=20, names=1, name_chars=3, preview_chars=4, subject_chars=5)
    found = text_of(b"X: " + b"y" * 100 + b"\r\n" + MULTIPART, limits)
    assert found.header_text == b"content-type: text/plain\ncontent-type: text/html"  # its own does not fit
    assert len(found.body_text) <= 20
    assert (found.attachment_names, found.preview) == (("Ż.t",), "Seco")
    assert text_of(b"Subject: =?utf-8?q?=C5=BC=C5=BC=C5=BC=C5=BC=C5=BC=C5=BC?=\r\n\r\n", limits).subject == "żżżżż"


def test_a_part_without_a_name_has_none() -> None:
    assert attachment_name(Part(header_start=0, body_start=0), 10) == ""


@given(st.binary(max_size=300))
def test_any_body_in_any_charset_has_a_text(body: bytes) -> None:
    for charset in ("utf-7", "utf-16", "iso-2022-jp", "hz", "big5", "idna", "x"):
        found = text_of(entity(f"text/html; charset={charset}", body))
        assert b"\0" not in found.body_text
        assert b"\r" not in found.body_text
        found.body_text.decode()
