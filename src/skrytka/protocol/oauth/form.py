"""Parameters of requests and of places: ``application/x-www-form-urlencoded`` in UTF-8 (RFC 6749 B), strictly read."""

import re
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from skrytka.protocol.oauth.errors import ErrorCode, OAuthError

BYTES_MAX: Final = 16 * 1024
FIELDS_MAX: Final = 50
_WRONG_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

Fields = Mapping[str, str]


def parse_form(raw: bytes) -> Fields:
    """Parameters by name. One without a value is as if it were not there; one that comes twice is an error (3.1)."""
    if len(raw) > BYTES_MAX:
        raise OAuthError(ErrorCode.INVALID_REQUEST, "the request is too long")
    parts = [part for part in raw.split(b"&") if part]
    if len(parts) > FIELDS_MAX:
        raise OAuthError(ErrorCode.INVALID_REQUEST, "too many parameters")
    found: dict[str, str] = {}
    for part in parts:
        raw_name, _, raw_value = part.partition(b"=")
        name, value = _text(raw_name), _text(raw_value)
        if name in found:
            raise OAuthError(ErrorCode.INVALID_REQUEST, "a parameter comes twice")
        found[name] = value
    return {name: value for name, value in found.items() if value}


def decode_value(text: str) -> str:
    """One value, as HTTP Basic carries client ids and secrets (RFC 6749 2.3.1)."""
    return _text(text.encode("utf-8", "replace"))


def encode_form(pairs: Iterable[tuple[str, str]]) -> str:
    """A query; blanks become ``%20``, which every reader takes."""
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)


def needed(fields: Fields, name: str) -> str:
    """INVALID_REQUEST when the parameter is not there."""
    value = fields.get(name)
    if value is None:
        raise OAuthError(ErrorCode.INVALID_REQUEST, f"{name} is missing")
    return value


def _text(raw: bytes) -> str:
    if _WRONG_ESCAPE.search(raw):
        raise OAuthError(ErrorCode.INVALID_REQUEST, "a percent sign without two digits")
    try:
        text = unquote_to_bytes(raw.replace(b"+", b" ")).decode()
    except UnicodeDecodeError:
        raise OAuthError(ErrorCode.INVALID_REQUEST, "a parameter that is no UTF-8") from None
    if _CONTROL.search(text):
        raise OAuthError(ErrorCode.INVALID_REQUEST, "a control character in a parameter")
    return text
