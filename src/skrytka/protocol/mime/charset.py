"""Charsets and encoded words: bytes of mail to text, never an exception (RFC 2047, RFC 2045 6.7-6.8)."""

import binascii
import codecs
import re
from collections.abc import Iterator

_WORD = re.compile(rb"=\?([^?*\s]{1,64})(?:\*[^?\s]*)?\?([bBqQ])\?([^?]*)\?=")
_BETWEEN_WORDS = re.compile(rb"(\?=)[ \t\r\n]+(?==\?)")
_RUN = re.compile(rb"[^=]+")
PIECE_BYTES = 256 * 1024  # decoded by one call: about a millisecond
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
# Python codecs that are no charset of mail, or that can be made to work hard.
_FORBIDDEN = frozenset(
    {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem", "palmos", "unicode-escape"}
)
_UNDECLARED = ""  # UTF-8 if it is that, else Windows-1252
_ALIASES = {
    "ascii": _UNDECLARED,
    "us-ascii": _UNDECLARED,
    "unknown-8bit": _UNDECLARED,
    "iso-8859-1": "cp1252",  # as browsers and mail programs read it
    "latin1": "cp1252",
}


def decode_text(raw: bytes, charset: str) -> str:
    """Text of the bytes: by the declared charset, else UTF-8, else Windows-1252; wrong bytes become U+FFFD."""
    name = charset.strip().strip("\"'").lower()
    name = _ALIASES.get(name, name)
    if name != _UNDECLARED:
        try:
            info = codecs.lookup(name)
            if info.name in _FORBIDDEN or not getattr(info, "_is_text_encoding", True):
                raise LookupError(name)
            return raw.decode(info.name, "replace")
        except (LookupError, ValueError, UnicodeError):
            pass
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def decode_base64(raw: bytes) -> bytes:
    """Lenient: whatever is not of the alphabet is passed over, missing padding is added (RFC 2045 6.8)."""
    raw = raw.split(b"=", 1)[0] if raw.count(b"=") > 2 else raw.rstrip(b"=\r\n \t")
    found = bytearray()
    clean = b""
    for start in range(0, len(raw), PIECE_BYTES):
        clean += _NOT_BASE64.sub(b"", raw[start : start + PIECE_BYTES])
        whole = len(clean) // 4 * 4
        found += binascii.a2b_base64(clean[:whole])
        clean = clean[whole:]
    if len(clean) > 1:
        found += binascii.a2b_base64(clean + b"=" * (4 - len(clean)))
    return bytes(found)


def decode_transfer(raw: bytes, encoding: bytes) -> bytes:
    """The content of a body with its transfer encoding undone; an unknown encoding is left as it is."""
    if encoding == b"base64":
        return _decode_base64_body(raw)
    if encoding == b"quoted-printable":
        return b"".join(map(binascii.a2b_qp, _lines_together(raw)))
    return raw


def _lines_together(raw: bytes) -> Iterator[bytes]:
    """Pieces of whole lines; one call of the decoder holds the interpreter, and with it all sessions of a process."""
    start = 0
    while start < len(raw):
        end = raw.find(b"\n", start + PIECE_BYTES) + 1 or len(raw)
        yield raw[start:end]
        start = end


def _decode_base64_body(raw: bytes) -> bytes:
    """Bodies may hold several padded runs one behind the other; each is decoded."""
    stripped = raw.rstrip(b"=\r\n \t")
    if b"=" not in stripped:
        return decode_base64(stripped)
    found = bytearray()
    for run in _RUN.finditer(raw):
        found += decode_base64(run[0])
    return bytes(found)


def decode_words(value: bytes) -> str:
    """A header value as text: encoded words decoded (RFC 2047 5, 6.2), raw 8-bit read as UTF-8 or Windows-1252."""
    if b"=?" not in value:
        return decode_text(value, _UNDECLARED)
    value = _BETWEEN_WORDS.sub(rb"\1", value)  # RFC 2047 6.2: white space between encoded words is not shown
    parts: list[str] = []
    run: list[bytes] = []  # content of neighbouring words of one charset: a character may be split over two
    run_charset = ""
    position = 0

    def flush() -> None:
        if run:
            parts.append(decode_text(b"".join(run), run_charset))
            run.clear()

    for match in _WORD.finditer(value):
        charset = match[1].decode("ascii", "replace").lower()
        if match.start() != position or charset != run_charset:
            flush()
        if match.start() != position:
            parts.append(decode_text(value[position : match.start()], _UNDECLARED))
        run_charset = charset
        run.append(_word_content(match[2], match[3]))
        position = match.end()
    flush()
    parts.append(decode_text(value[position:], _UNDECLARED))
    return "".join(parts)


def _word_content(encoding: bytes, text: bytes) -> bytes:
    if encoding in b"bB":
        return decode_base64(text)
    return binascii.a2b_qp(text, header=True)
