"""A short mail of this server to one of its own people: UTF-8, written in ASCII but for an address that is not."""

from collections.abc import Iterator
from typing import Final

import msgspec

from skrytka.model.address import Address
from skrytka.protocol.mailauth.dkim.tags import write_base64
from skrytka.protocol.smtp.received import date_text

BASE64_LINE: Final = 76  # RFC 2045 6.8
WORD_BYTES: Final = 36  # RFC 2047 2: a line with encoded words has 76 characters at most


class NoticeMail(msgspec.Struct, frozen=True, kw_only=True):
    """What is told to whom."""

    from_: Address
    to: Address
    subject: str
    text: str  # lines end in LF
    message_id: str  # id-left@id-right
    now_ms: int


def write_notice(mail: NoticeMail) -> bytes:
    """The whole message; nobody answers it by a machine."""
    body = write_base64(mail.text.replace("\n", "\r\n").encode()).decode()
    lines = [
        f"From: <{mail.from_}>",
        f"To: <{mail.to}>",
        "Subject: " + "\r\n ".join(_words(mail.subject)),
        f"Date: {date_text(mail.now_ms)}",
        f"Message-ID: <{mail.message_id}>",
        "Auto-Submitted: auto-generated",  # RFC 3834 5
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: base64",
        "",
        *(body[start : start + BASE64_LINE] for start in range(0, len(body), BASE64_LINE)),
        "",
    ]
    return "\r\n".join(lines).encode()


def _words(subject: str) -> Iterator[str]:
    """As it is, or encoded words (RFC 2047 2), cut between characters."""
    if subject.isascii():
        yield subject
        return
    piece = ""
    for char in subject:
        if len((piece + char).encode()) > WORD_BYTES:
            yield _word(piece)
            piece = ""
        piece += char
    yield _word(piece)


def _word(text: str) -> str:
    return f"=?utf-8?B?{write_base64(text.encode()).decode()}?="
