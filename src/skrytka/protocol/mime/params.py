"""Values with parameters: Content-Type and Content-Disposition (RFC 2045 5.1, RFC 2183, RFC 2231)."""

import re
from urllib.parse import unquote_to_bytes

from skrytka.protocol.mime.part import Parameterized

_TOKEN = re.compile(rb"[^\s()<>@,;:\\\"/\[\]?=]+")
_QUOTED = re.compile(rb'"((?:[^"\\]|\\.)*)"?', re.DOTALL)
_BETWEEN = re.compile(rb"[\s;]*")
_PARAMETER = re.compile(rb"([^\s=;]+)\s*=\s*")
_LOOSE = re.compile(rb"[^;]*")
_PARAMETERS_MAX = 100  # hostile mail has thousands; no program uses them
_COMMENT_SCAN_MAX = 4096


def parse(raw_value: bytes) -> Parameterized:
    """Anything in, a best reading out; what cannot be read is left out."""
    text = _without_comments(raw_value)
    main, semicolon, _ = text.partition(b";")
    pairs: dict[bytes, bytes] = {}
    position = len(main)
    while semicolon and len(pairs) < _PARAMETERS_MAX:
        if between := _BETWEEN.match(text, position):  # apart from the name: no octet of it is looked at twice
            position = between.end()
        match = _PARAMETER.match(text, position)
        if match is not None:
            value, position = _value(text, match.end())
            pairs.setdefault(match[1].lower(), value)
        position = text.find(b";", position)
        if position < 0:
            break
    return Parameterized(main.strip().lower(), _join_continuations(pairs))


def _value(text: bytes, position: int) -> tuple[bytes, int]:
    quoted = _QUOTED.match(text, position)
    if quoted:
        return re.sub(rb"\\(.)", rb"\1", quoted[1], flags=re.DOTALL), quoted.end()
    loose = _LOOSE.match(text, position)
    end = loose.end() if loose else position
    return text[position:end].strip(), end


def _without_comments(text: bytes) -> bytes:
    """RFC 5322 3.2.2 comments outside quoted strings go; unclosed ones stay."""
    if b"(" not in text or len(text) > _COMMENT_SCAN_MAX:
        return text
    kept = bytearray()
    depth, is_quoted, position = 0, False, 0
    while position < len(text):
        char = text[position : position + 1]
        if char == b"\\" and (is_quoted or depth):
            char = text[position : position + 2]
        elif char == b'"' and not depth:
            is_quoted = not is_quoted
        elif char == b"(" and not is_quoted:
            depth += 1
        if not depth:
            kept += char
        elif char == b")" and not is_quoted:
            depth -= 1
        position += len(char)
    return text if depth else bytes(kept)


def _join_continuations(pairs: dict[bytes, bytes]) -> dict[bytes, bytes]:
    """RFC 2231 3 and 4: ``name*0*=utf-8''...; name*1=...`` becomes one value; its charset is converted to UTF-8."""
    joined: dict[bytes, bytes] = {}
    pieces: dict[bytes, dict[int, tuple[bool, bytes]]] = {}
    for name, value in pairs.items():
        base, star, rest = name.partition(b"*")
        if not star:
            joined.setdefault(base, value)
            continue
        is_encoded = not rest or rest.endswith(b"*")
        number = rest.rstrip(b"*")
        if number and not (number.isdigit() and len(number) <= 3):
            continue
        pieces.setdefault(base, {})[int(number or b"0")] = (is_encoded, value)
    for base, numbered in pieces.items():
        joined[base] = _decode_pieces(numbered)
    return joined


def _decode_pieces(numbered: dict[int, tuple[bool, bytes]]) -> bytes:
    charset = b""
    parts: list[bytes] = []
    for number in sorted(numbered):
        is_encoded, value = numbered[number]
        if is_encoded:
            if number == 0 and value.count(b"'") >= 2:
                charset, _, value = value.split(b"'", 2)
            value = unquote_to_bytes(value)
        parts.append(value)
    whole = b"".join(parts)
    if charset and charset.lower() not in {b"utf-8", b"us-ascii"}:
        from skrytka.protocol.mime.charset import decode_text  # noqa: PLC0415 - charset tables only where needed

        return decode_text(whole, charset.decode("ascii", "replace")).encode("utf-8", "replace")
    return whole


def token(raw_value: bytes) -> bytes:
    """The first token in lower case, as Content-Transfer-Encoding has (RFC 2045 6.1); b"" if there is none."""
    match = _TOKEN.search(_without_comments(raw_value))
    return match[0].lower() if match else b""
