"""ESMTP parameters of MAIL and RCPT (RFC 5321 4.1.2), xtext and the values of DSN (RFC 3461 4)."""

import re
import sys
from typing import Final

from skrytka.model import reply as replies
from skrytka.model.address import Address, AddressError
from skrytka.model.envelope import Notify
from skrytka.model.errors import ProtocolError
from skrytka.model.reply import Reply

ENVID_MAX = 100  # RFC 3461 4.4: characters as sent
ORCPT_MAX = 500  # RFC 3461 4.2

_KEYWORD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*\Z")
_VALUE: Final = re.compile(r"[\x21-\x3c\x3e-\x7e\u0080-\U0010FFFF]+\Z")
_XTEXT: Final = re.compile(r"(?:[\x21-\x2a\x2c-\x3c\x3e-\x7e]|\+[0-9A-F]{2})*\Z")
_HEXCHAR: Final = re.compile(r"\+([0-9A-F]{2})")
_PRINTABLE: Final = re.compile(r"[\x20-\x7e]*\Z")
# RFC 6533 3: "\x{HEXPOINT}" for what is not ASCII and for what an ORCPT cannot hold, and nothing else.
_UTF8_ADDRESS: Final = re.compile(
    r"(?:[\x21-\x2a\x2c-\x3c\x3e-\x5b\x5d-\x7e\u0080-\U0010FFFF]|\\x\{[0-9A-Fa-f]{2,6}\})+\Z"
)
_HEXPOINT: Final = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")
# ASCII that may stand so; CR, LF and NUL may not.
_SPECIALS: Final = frozenset({*range(0x01, 0x0A), *range(0x10, 0x1A), 0x20, 0x2B, 0x3D, 0x5C, 0x7F})
_ADDR_TYPE: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+\Z")


class CommandError(ProtocolError):
    """The command is answered with ``reply``; the engine catches it, nobody else sees it."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.lines[0])
        self.reply = reply


def parse_parameters(text: str, *, is_utf8: bool) -> dict[str, str | None]:
    """Keyword in upper case -> value, None without "="; each at most once (RFC 3461 4.5)."""
    if not text:
        return {}
    parameters: dict[str, str | None] = {}
    for word in text.split(" "):
        if not word:
            continue
        keyword, equals, value = word.partition("=")
        keyword = keyword.upper()
        if not _KEYWORD.match(keyword) or keyword in parameters:
            raise CommandError(replies.BAD_SYNTAX)
        if equals and not (_VALUE.match(value) and (is_utf8 or value.isascii())):
            raise CommandError(replies.BAD_SYNTAX)
        parameters[keyword] = value if equals else None
    return parameters


def required(value: str | None) -> str:
    """The value of a parameter that must have one."""
    if value is None:
        raise CommandError(replies.BAD_SYNTAX)
    return value


def decode_xtext(text: str) -> str:
    """RFC 3461 4: what was encoded is printable ASCII."""
    if not _XTEXT.match(text):
        raise CommandError(replies.BAD_SYNTAX)
    decoded = _HEXCHAR.sub(lambda match: chr(int(match[1], 16)), text)
    if not _PRINTABLE.match(decoded):
        raise CommandError(replies.BAD_SYNTAX)
    return decoded


def encode_xtext(text: str) -> str:
    """RFC 3461 4: the inverse of :func:`decode_xtext`."""
    return "".join(
        char if "!" <= char <= "~" and char not in "+=" else f"+{octet:02X}" for char in text for octet in [ord(char)]
    )


def parse_notify(value: str) -> frozenset[Notify]:
    """RFC 3461 4.1: NEVER stands alone."""
    try:
        wanted = frozenset(Notify(word) for word in value.upper().split(","))
    except ValueError:
        raise CommandError(replies.BAD_SYNTAX) from None
    if Notify.NEVER in wanted and len(wanted) > 1:
        raise CommandError(replies.BAD_SYNTAX)
    return wanted


def parse_orcpt(value: str) -> str:
    """RFC 3461 4.2: "type;address". The utf-8 type is checked and kept as it came, for it goes on so (RFC 6533 3)."""
    kind, semicolon, address = value.partition(";")
    if len(value) > ORCPT_MAX or not semicolon or not _ADDR_TYPE.match(kind):
        raise CommandError(replies.BAD_SYNTAX)
    if not is_utf8_type(kind):
        return f"{kind};{decode_xtext(address)}"
    if not _UTF8_ADDRESS.match(address) or not all(map(_is_hexpoint, _HEXPOINT.findall(address))):
        raise CommandError(replies.BAD_SYNTAX)
    return value


def is_utf8_type(kind: str) -> bool:
    """Whether an address of this type has the encoding of RFC 6533 3 instead of xtext."""
    return kind.lower() == "utf-8"


def _is_hexpoint(digits: str) -> bool:
    """RFC 6533 3: what needs no such form has none, surrogates are no characters, and nothing has zeros in front."""
    point = int(digits, 16)
    if point < 0x80:
        return point in _SPECIALS and len(digits) == 2
    return point <= sys.maxunicode and not 0xD800 <= point < 0xE000 and not digits.startswith("0")


def decode_utf8_address(text: str) -> str:
    """The utf-8-address of what :func:`parse_orcpt` accepted (RFC 6533 3); it may hold controls."""
    return _HEXPOINT.sub(lambda match: chr(int(match[1], 16)), text)


def encode_utf8_address(text: str) -> str:
    """utf-8-addr-xtext, in ASCII, of an address in any form of RFC 6533 3."""
    decoded = decode_utf8_address(text)
    return "".join(char if "!" <= char <= "~" and char not in "\\+=" else f"\\x{{{ord(char):02X}}}" for char in decoded)


def parse_identity(value: str) -> None:
    """RFC 4954 5: ``<>`` or a mailbox. Nobody is trusted to name somebody else, so it is checked and forgotten."""
    if value == "<>":
        return
    try:
        Address.parse(decode_xtext(value))
    except AddressError:
        raise CommandError(replies.BAD_SYNTAX) from None


def parse_envid(value: str) -> str:
    """RFC 3461 4.4."""
    if len(value) > ENVID_MAX:
        raise CommandError(replies.BAD_SYNTAX)
    return decode_xtext(value)
