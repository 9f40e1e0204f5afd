"""Mail addresses: parsed once at the edge, valid ever after (RFC 5321 4.1.2, RFC 6531 3.3)."""

import ipaddress
import re
import unicodedata
from functools import lru_cache
from typing import Self

import idna
import msgspec

LOCAL_PART_MAX = 64  # RFC 5321 4.5.3.1.1: octets, for addresses of ours; others' return addresses are longer (VERP)
DOMAIN_MAX = 253  # RFC 1035 2.3.4: 255 octets on the wire, 253 as text
PATH_MAX = 254  # RFC 5321 4.5.3.1.3: 256 octets with the angle brackets

# RFC 6531 3.3 allows all beyond ASCII. Left out: C1 controls, line separators and bidirectional controls (RFC 5892 2.6,
# 2.10), which would act on the terminal or the screen of whoever reads a log or a header.
_NON_ASCII = r"\u00a0-\u200d\u2010-\u2027\u202f-\u2065\u206a-\ufffd\U00010000-\U0010fffd"
_ATEXT = rf"[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~\-{_NON_ASCII}]"
_DOT_STRING = re.compile(rf"{_ATEXT}+(?:\.{_ATEXT}+)*\Z")
_QUOTED = re.compile(rf'"((?:[\x20\x21\x23-\x5b\x5d-\x7e{_NON_ASCII}]|\\[\x20-\x7e])*)"\Z')
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)\Z")  # "_" is met in HELO names and is harmless


class AddressError(ValueError):
    """Not an address; the text says why, without the input."""


class Domain(msgspec.Struct, frozen=True, order=True):
    """A domain name as A-labels in lower case without a trailing dot, or an address literal in brackets."""

    name: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """From user or wire text; U-labels become A-labels (RFC 5891 4). AddressError if it is no domain."""
        return cls(_domain_name(text))

    @property
    def is_literal(self) -> bool:
        """Whether this is an address literal (RFC 5321 4.1.3)."""
        return self.name.startswith("[")

    def __str__(self) -> str:
        return self.name


@lru_cache(maxsize=1024)  # the same few domains come again and again
def _domain_name(text: str) -> str:
    if text.startswith("["):
        return _literal(text)
    name = text.lower()
    if not name.isascii():
        try:
            name = idna.encode(name, uts46=True).decode("ascii")
        except idna.IDNAError as exc:
            raise AddressError("the domain is not a valid internationalised name") from exc
    if not name or len(name) > DOMAIN_MAX:
        raise AddressError("a domain has 1 to 253 octets")
    if not all(_LABEL.match(label) for label in name.split(".")):
        raise AddressError("a domain label has letters, digits and inner hyphens, 63 at most")
    return name


def _literal(text: str) -> str:
    """``[192.0.2.1]`` or ``[IPv6:2001:db8::1]`` in canonical form (RFC 5321 4.1.3)."""
    inner = text[1:-1] if text.endswith("]") else ""
    try:
        if inner[:5].lower() == "ipv6:":
            return f"[IPv6:{ipaddress.IPv6Address(inner[5:])}]"
        return f"[{ipaddress.IPv4Address(inner)}]"
    except ValueError as exc:
        raise AddressError("the address literal is not an IP address") from exc


class Address(msgspec.Struct, frozen=True, order=True):
    """One mailbox address. ``local`` is unquoted and keeps its case; compare by :attr:`key`."""

    local: str
    domain: Domain

    @classmethod
    def parse(cls, text: str) -> Self:
        """``local@domain``, dot-string or quoted-string; AddressError says what is wrong.

        Only the whole is bounded (RFC 5321 4.5.3.1: no limit on length where that is possible).
        """
        local, at, domain = text.rpartition("@")
        if not at:
            raise AddressError("an address needs an @")
        if match := _QUOTED.match(local):
            local = re.sub(r"\\(.)", r"\1", match[1])
        elif not _DOT_STRING.match(local):
            raise AddressError("the part before the @ is not valid")
        try:
            octets = len(local.encode())
        except UnicodeEncodeError as exc:
            raise AddressError("the part before the @ is not valid Unicode") from exc
        address = cls(local, Domain.parse(domain))
        if octets + 1 + len(address.domain.name) > PATH_MAX:
            raise AddressError("an address has 254 octets at most")
        return address

    @property
    def key(self) -> str:
        """What accounts and aliases are found by: local part in lower case and NFC, domain as A-labels.

        As RFC 8265 3.3 does it, and not case-folded: that would take weiss for weiß, and a long s for an s.
        """
        return f"{_quoted(_lower(self.local))}@{self.domain.name}"

    @property
    def is_ascii(self) -> bool:
        """Whether it travels without SMTPUTF8 (RFC 6531 3.2)."""
        return self.local.isascii()

    def __str__(self) -> str:
        return f"{_quoted(self.local)}@{self.domain.name}"


def _lower(local: str) -> str:
    if local.isascii():
        return local.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", local).lower())


@lru_cache(maxsize=1024)
def _quoted(local: str) -> str:
    if _DOT_STRING.match(local):
        return local
    return '"' + re.sub(r'(["\\])', r"\\\1", local) + '"'


class ReversePath(msgspec.Struct, frozen=True):
    """Where a DSN goes: an address, or nothing (``<>``, RFC 5321 4.5.5)."""

    address: Address | None = None

    @property
    def is_null(self) -> bool:
        """Whether no DSN may be sent."""
        return self.address is None

    def __str__(self) -> str:
        return "" if self.address is None else str(self.address)


NULL_REVERSE_PATH = ReversePath()
