"""Re-encoded mail is the same mail: the stdlib's reader sees the same parts before and after."""

from email import message_from_bytes
from email.message import Message

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.protocol.mime.octets import is_seven_bit
from skrytka.protocol.mime.seven_bit import seven_bit

HEAD = b"From: a@example.org\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
TEXT = "Zażółć: this line is mostly ASCII and long enough to be quoted\r\n".encode()


def parts(raw: bytes) -> list[tuple[str, object]]:
    """Type and decoded octets of each leaf."""
    found: list[tuple[str, object]] = []
    for part in message_from_bytes(raw).walk():
        assert isinstance(part, Message)
        if not part.is_multipart():
            found.append((part.get_content_type(), part.get_payload(decode=True)))
    return found


def message(encoding: bytes, body: bytes, kind: bytes = b"text/plain; charset=utf-8") -> bytes:
    return (
        HEAD
        + b"Content-Type: "
        + kind
        + b"\r\nContent-Transfer-Encoding: "
        + encoding
        + b"\r\nX-Last: 1\r\n\r\n"
        + body
    )


MULTIPART = message(
    b"8bit",
    b"--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + TEXT + b"\r\n"
    b"--b\r\nContent-Type: application/x\r\nContent-Transfer-Encoding: binary\r\n\r\n\0\x01\n\r\xff\r\n"
    b"--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\nMIME-Version: 1.0\r\n"
    b"Content-Transfer-Encoding: 8bit\r\n\r\n" + TEXT + b"\r\n"
    b"--b\r\n\r\nplain\r\n--b--\r\nepilogue\r\n",
    b"multipart/mixed; boundary=b",
)


@pytest.mark.parametrize(
    "raw",
    [
        message(b"8bit", TEXT),
        message(b"binary", TEXT),
        message(b"8bit", TEXT * 3 + b"trailing \r\n\r\n.\r\n--b\r\n"),
        message(b"8bit", "łłłłłłłłł\r\n".encode() * 9),  # base64 is shorter
        message(b"binary", b"bare\nlines\r and \0\n"),
        message(b"binary", bytes(range(256)) * 5, b"image/png"),
        message(b"8bit", b"x" * 5000 + b"\r\n"),
        MULTIPART,
    ],
)
def test_the_parts_are_what_they_were_in_seven_bits(raw: bytes) -> None:
    recoded = seven_bit(raw)
    assert recoded is not None
    assert is_seven_bit(recoded)
    assert all(len(line) <= 998 for line in recoded.split(b"\r\n"))
    assert parts(recoded) == parts(raw)
    assert b"8bit" not in recoded
    assert recoded.startswith(HEAD)
    assert seven_bit(recoded) == recoded


def test_what_had_no_mime_header_gets_one() -> None:
    recoded = seven_bit(b"Subject: x\r\n\r\n" + TEXT)
    assert recoded is not None
    assert recoded.startswith(
        b"Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=unknown-8bit\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\nZa=C5=BC=C3"
    )


@pytest.mark.parametrize(
    "raw",
    [
        b"DKIM-Signature: v=1\r\n" + message(b"8bit", TEXT),
        b"ARC-Seal: i=1\r\n" + message(b"8bit", TEXT),
        message(b"8bit", b"--b\r\n\r\n" + TEXT + b"--b--\r\n", b"multipart/signed; boundary=b"),
        b"Subject: \xc5\xbc\r\n" + message(b"8bit", TEXT),
        message(b"base64", b"\xff\xff\r\n"),
        message(b"8bit", TEXT, b"message/partial"),
        message(b"8bit", "ż\r\n--b\r\n\r\nx\r\n--b--\r\n".encode(), b"multipart/mixed; boundary=b"),
        b"Subject: x",
    ],
)
def test_what_is_signed_or_cannot_be_encoded_is_left_alone(raw: bytes) -> None:
    assert seven_bit(raw) is None or seven_bit(raw) == raw


def test_no_line_of_a_quoted_text_looks_like_a_delimiter() -> None:
    recoded = seven_bit(message(b"8bit", b"x" * 75 + b"--b\r\n--b\r\n" + TEXT))
    assert recoded is not None
    assert b"\r\n--" not in recoded


@given(st.binary(max_size=400), st.sampled_from([b"text/plain", b"text/html", b"application/x"]))
def test_any_body_comes_out_as_it_was(body: bytes, kind: bytes) -> None:
    recoded = seven_bit(message(b"binary", body, kind))
    assert recoded is not None
    assert is_seven_bit(recoded)
    (before,), (after,) = parts(message(b"binary", body, kind)), parts(recoded)
    assert before[0] == after[0]
    assert after[1] == body or recoded == message(b"7bit", body, kind)


@given(st.binary(max_size=600))
def test_any_octets_are_recoded_or_left_alone(raw: bytes) -> None:
    recoded = seven_bit(raw)
    assert recoded is None or is_seven_bit(recoded)
