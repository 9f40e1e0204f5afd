"""A message for a server that takes seven bits only: bodies re-encoded, everything else octet by octet (RFC 6152 3).

Text becomes quoted-printable where that is shorter, else base64, as everything that is not text; multiparts and
messages are labelled 7bit. Decoded, every part is what it was. A message is left alone when a signature would break
(DKIM, ARC, multipart/signed), and when it cannot be done: raw 8-bit in a header, in a preamble, in what is encoded
already.
"""

import binascii
import re
from typing import Final

from skrytka.protocol.mime import header
from skrytka.protocol.mime.octets import is_seven_bit
from skrytka.protocol.mime.part import Part
from skrytka.protocol.mime.scan import scan

LINE_MAX: Final = 998  # RFC 5322 2.1.1
_QP_LINE: Final = 75  # RFC 2045 6.7 (5): 76 with the soft line break
_BASE64_OCTETS: Final = 57  # 76 characters
_IDENTITY: Final = frozenset({b"7bit", b"8bit", b"binary"})
_ENCODING: Final = b"content-transfer-encoding"
_SIGNED: Final = frozenset({b"dkim-signature", b"domainkey-signature", b"arc-seal", b"arc-message-signature"})
_TO_QUOTE: Final = re.compile(rb"[^\t -<>-~]")  # RFC 2045 6.7 (1), (2)
_UNKNOWN: Final = b"Content-Type: text/plain; charset=unknown-8bit\r\n"  # RFC 1428 3


class _UntouchableError(Exception):
    """It cannot be re-encoded, or must not be."""


def seven_bit(message: bytes) -> bytes | None:
    """The message in US-ASCII lines ended by <CRLF>; None when it is to be left alone."""
    root = scan(message)
    if _SIGNED & root.values.keys():
        return None
    try:
        recoded = b"".join(_entity(message, root, is_root=True))
    except _UntouchableError:
        return None
    return recoded if is_seven_bit(recoded) else None


def _entity(data: bytes, part: Part, *, is_root: bool = False) -> list[bytes]:
    section = data[part.header_start : part.body_start]
    if part.type == b"multipart" and part.subtype == b"signed":
        raise _UntouchableError
    if part.children:
        label = b"7bit" if part.encoding in {b"8bit", b"binary"} else None
        pieces, position = [_labelled(section, part, label, is_root=is_root)], part.body_start
        for child in part.children:
            pieces += [data[position : child.header_start], *_entity(data, child)]
            position = child.body_end
        return [*pieces, data[position : part.body_end]]
    label, body = _body(part, data[part.body_start : part.body_end])
    if is_root and label == b"base64":
        body += b"\r\n"
    return [_labelled(section, part, label, is_root=is_root), body]


def _body(part: Part, body: bytes) -> tuple[bytes | None, bytes]:
    """The new encoding, None for the old one, and the body in it."""
    is_plain = is_seven_bit(body) and all(len(line) <= LINE_MAX for line in body.split(b"\r\n"))
    if is_plain:
        return (b"7bit" if part.encoding in {b"8bit", b"binary"} else None), body
    if part.encoding not in _IDENTITY or part.type in {b"multipart", b"message"}:  # RFC 2046 5.1, 5.2.1
        raise _UntouchableError
    if part.type == b"text":
        quoted = len(_TO_QUOTE.findall(body)) - 2 * body.count(b"\r\n")
        if len(body) + 2 * quoted <= len(body) * 4 // 3:
            return b"quoted-printable", _quoted_printable(body)
    return b"base64", _base64(body)


def _base64(body: bytes) -> bytes:
    pieces = range(0, len(body), _BASE64_OCTETS)
    return b"\r\n".join(binascii.b2a_base64(body[at : at + _BASE64_OCTETS], newline=False) for at in pieces)


def _quoted_printable(body: bytes) -> bytes:
    """RFC 2045 6.7; the only line ends are those of <CRLF>, and no line looks like a delimiter."""
    return b"\r\n".join(_quoted_line(line) for line in body.split(b"\r\n"))


def _quoted_line(line: bytes) -> bytes:
    quoted = _TO_QUOTE.sub(lambda match: b"=%02X" % match[0][0], line)
    if quoted.endswith((b" ", b"\t")):  # RFC 2045 6.7 (3)
        quoted = quoted[:-1] + b"=%02X" % quoted[-1]
    lines = []
    while len(quoted) > _QP_LINE + 1:
        cut = _QP_LINE
        if b"=" in quoted[cut - 2 : cut]:
            cut = quoted.rindex(b"=", cut - 2, cut)
        lines.append(_not_delimiter(quoted[:cut]) + b"=")
        quoted = quoted[cut:]
    return b"\r\n".join([*lines, _not_delimiter(quoted)])


def _not_delimiter(line: bytes) -> bytes:
    """A soft line break must not make a line that begins like a delimiter (RFC 2046 5.1.1)."""
    return b"=2D" + line[1:] if line.startswith(b"--") else line


def _labelled(section: bytes, part: Part, label: bytes | None, *, is_root: bool) -> bytes:
    """The header section with another Content-Transfer-Encoding, and with what makes it count (RFC 2045 4)."""
    if label is None:
        return section
    added = b"Content-Transfer-Encoding: " + label + b"\r\n"
    if is_root and b"mime-version" not in part.values:
        added = b"MIME-Version: 1.0\r\n" + (b"" if b"content-type" in part.values else _UNKNOWN) + added
    kept, position = [], 0
    for field in header.fields(section):
        if field.name == _ENCODING:
            kept.append(section[position : field.start])
            position = field.end
    kept.append(section[position:])
    rest = b"".join(kept)
    if not rest.endswith(b"\r\n\r\n") and rest != b"\r\n":  # no blank line: where the header ends is a guess
        raise _UntouchableError
    return rest[:-2] + added + b"\r\n"
