"""Tag=value lists: signatures, key records, and ARC's fields after them (RFC 6376 3.2)."""

import binascii
import re
from typing import Final, TypeAlias

from skrytka.protocol.mailauth.dkim.results import DkimError, DkimReason

Tags: TypeAlias = dict[str, str]  # in order; white space around values is gone, folds in them are white space

TAGS_MAX: Final = 64  # RFC 6376 has 14 for a signature
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_WSP: Final = " \t"


def read_tags(raw: bytes) -> Tags:
    """DkimError(SYNTAX) for what is no tag list; values may be UTF-8 (RFC 8616 5)."""
    try:
        text = raw.decode()
    except UnicodeDecodeError as exc:
        raise DkimError(DkimReason.SYNTAX) from exc
    text = text.replace("\r\n ", " ").replace("\r\n\t", " ").strip(_WSP)
    if _CONTROL.search(text):
        raise DkimError(DkimReason.SYNTAX)
    specs = text.removesuffix(";").split(";")
    if len(specs) > TAGS_MAX:
        raise DkimError(DkimReason.TOO_LONG)
    tags: Tags = {}
    for spec in specs:
        name, equals, value = spec.partition("=")
        name = name.strip(_WSP)
        if not equals or name in tags or not _NAME.match(name):
            raise DkimError(DkimReason.SYNTAX)
        tags[name] = value.strip(_WSP)
    return tags


def required(tags: Tags, name: str) -> str:
    value = tags.get(name)
    if value is None:
        raise DkimError(DkimReason.MISSING_TAG)
    return value


def without_space(value: str) -> str:
    """Where white space is no part of the value: base64, dkim-quoted-printable (RFC 6376 2.10, 2.11)."""
    return value.replace(" ", "").replace("\t", "")


def read_base64(value: str) -> bytes:
    """All of it or DkimError(SYNTAX): nothing is skipped, and there is one way to write it (RFC 4648 3.5)."""
    text = without_space(value)
    try:
        octets = binascii.a2b_base64(text)
    except ValueError as exc:
        raise DkimError(DkimReason.SYNTAX) from exc
    if write_base64(octets) != text.encode():
        raise DkimError(DkimReason.SYNTAX)
    return octets


def write_base64(octets: bytes) -> bytes:
    return binascii.b2a_base64(octets, newline=False)


def read_list(value: str) -> tuple[str, ...]:
    """Words between colons, in lower case (RFC 5234 2.3: what ABNF quotes has no case)."""
    return tuple(word.strip(_WSP) for word in value.lower().split(":"))
