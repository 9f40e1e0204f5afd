"""Mailbox names on the wire: modified UTF-7 for rev1 (RFC 3501 5.1.3), UTF-8 for rev2 (RFC 9051 5.1)."""

import binascii
import re
import unicodedata

from skrytka.model.errors import RemoteProtocolError

NAME_MAX = 1000  # octets on the wire
INBOX = "INBOX"
_SHIFTED = re.compile(rb"&([^-]*)-")
_RUN = re.compile(r"&|[^\x20-\x7e]+")
_PRINTABLE = re.compile(r"[\x20-\x25\x27-\x7e]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")  # RFC 9051 5.1: none of these
_BASE64 = re.compile(rb"[A-Za-z0-9+,]+\Z")


class BadNameError(RemoteProtocolError):
    """A string that no mailbox can be named: the syntax of the command is right, so the answer is NO."""


def decode_utf7(raw: bytes) -> str:
    """RFC 3501 5.1.3, strictly: what has a second spelling is refused; BadNameError."""
    if not raw.isascii():
        raise BadNameError("the mailbox name is not modified UTF-7")
    parts: list[str] = []
    position = 0
    for match in _SHIFTED.finditer(raw):
        parts.append(_plain(raw[position : match.start()]))
        parts.append(_unshift(match[1]) if match[1] else "&")
        position = match.end()
        if match[1] and raw[position : position + 1] == b"&" and raw[position + 1 : position + 2] != b"-":
            raise BadNameError("the mailbox name has superfluous shifts")
    parts.append(_plain(raw[position:]))
    return "".join(parts)


def _plain(raw: bytes) -> str:
    if b"&" in raw:
        raise BadNameError("the mailbox name has an unfinished shift")
    return raw.decode("ascii")


def _unshift(encoded: bytes) -> str:
    """Base64 with a comma for the slash and no padding, of UTF-16 big-endian."""
    if not _BASE64.match(encoded):
        raise BadNameError("the mailbox name is not modified UTF-7")
    try:
        octets = binascii.a2b_base64(encoded.replace(b",", b"/") + b"=" * (-len(encoded) % 4), strict_mode=True)
        text = octets.decode("utf-16-be")
    except (binascii.Error, UnicodeDecodeError):
        raise BadNameError("the mailbox name is not modified UTF-7") from None
    if not text or _PRINTABLE.search(text) or _shift(text) != encoded:
        raise BadNameError("the mailbox name encodes what stands for itself")
    return text


def encode_utf7(name: str) -> bytes:
    """RFC 3501 5.1.3; the inverse of :func:`decode_utf7`."""
    if name.isascii() and "&" not in name:
        return name.encode("ascii")
    return _RUN.sub(lambda run: "&-" if run[0] == "&" else f"&{_shift(run[0]).decode()}-", name).encode("ascii")


def _shift(text: str) -> bytes:
    octets = text.encode("utf-16-be", "surrogatepass")
    return binascii.b2a_base64(octets, newline=False).rstrip(b"=").replace(b"/", b",")


def parse_name(raw: bytes, *, is_utf8: bool) -> str:
    """A mailbox name or LIST pattern as text in NFC, ``INBOX`` in capitals; BadNameError."""
    return canonical(supplied_name(raw, is_utf8=is_utf8))


def supplied_name(raw: bytes, *, is_utf8: bool) -> str:
    """The name as the client spelled it; BadNameError.

    ``is_utf8`` after ENABLE IMAP4rev2 (RFC 9051 5.1); a rev1 session speaks modified UTF-7, which is ASCII: what is
    not is UTF-8 there too (RFC 6855 3).
    """
    if len(raw) > NAME_MAX:
        raise BadNameError("the mailbox name is too long")
    if is_utf8 or not raw.isascii():
        try:
            name = raw.decode()
        except UnicodeDecodeError:
            raise BadNameError("the mailbox name is not UTF-8") from None
    else:
        name = decode_utf7(raw)
    if _CONTROL.search(name):
        raise BadNameError("the mailbox name has control characters")
    return name


def canonical(name: str) -> str:
    """The one spelling of a name (RFC 9051 5.1: Net-Unicode, RFC 5198 2)."""
    return _inbox(unicodedata.normalize("NFC", name))


def _inbox(name: str) -> str:
    """RFC 9051 5.1: INBOX in any case is the inbox; so is the first level of names below it."""
    if name[:5].upper() == INBOX and (len(name) == 5 or name[5] == "/"):
        return INBOX + name[5:]
    return name


def wire_name(name: str, *, is_utf8: bool) -> bytes:
    """The name as this session writes it, not yet quoted."""
    return name.encode() if is_utf8 else encode_utf7(name)
