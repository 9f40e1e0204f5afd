"""SPF records (RFC 7208 4.5, 4.6, 12): from octets to typed terms, once.

A record is right as a whole, or :class:`SpfSyntaxError` says what is wrong; a term that was parsed needs no further
check. Size and number of terms are bounded, for each is work on the event loop.
"""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from typing import Final, TypeAlias

import msgspec

from skrytka.protocol.mailauth.spf.macro import MacroString, SpfSyntaxError, parse_domain_spec, parse_macro_string
from skrytka.protocol.mailauth.spf.result import Result

# RFC 7208 3.4 asks for 512 octets; these leave room, and are 1 ms of work at worst (machine busy).
RECORD_MAX = 4096
TERMS_MAX = 256

_VERSION: Final = re.compile(rb"v=spf1(?: |\Z)", re.IGNORECASE)  # RFC 7208 4.5
_TERM: Final = re.compile(r"([+?~-]?)([A-Za-z][A-Za-z0-9._-]*)(.*)", re.DOTALL)
# RFC 7208 12: no leading zeros; the values are checked where they are read.
_IP4: Final = re.compile(r":([0-9.]+)(?:/(0|[1-9][0-9]?))?\Z")
_IP6: Final = re.compile(r":([0-9A-Fa-f:.]+)(?:/(0|[1-9][0-9]{0,2}))?\Z")
_HOSTS: Final = re.compile(r"(?::(.+?))?(?:/(0|[1-9][0-9]?))?(?://(0|[1-9][0-9]{0,2}))?\Z")
_RESULTS: Final = {
    "": Result.PASS,
    "+": Result.PASS,
    "-": Result.FAIL,
    "~": Result.SOFTFAIL,
    "?": Result.NEUTRAL,
}


class All(msgspec.Struct, frozen=True):
    """RFC 7208 5.1."""

    def matches(self, version: int, address: int) -> bool:
        return True


class Network(msgspec.Struct, frozen=True):
    """``ip4`` or ``ip6`` (RFC 7208 5.6); ``shift`` host bits do not count."""

    version: int
    address: int
    shift: int

    def matches(self, version: int, address: int) -> bool:
        return version == self.version and (address ^ self.address) >> self.shift == 0


class LookUp(msgspec.Struct, frozen=True):
    """A mechanism that asks DNS about a name; without a target, about the domain of the record (RFC 7208 4.8)."""

    target: MacroString | None


class Include(LookUp, frozen=True):
    """RFC 7208 5.2."""


class Hosts(LookUp, frozen=True):
    """``a``: the addresses of a name (RFC 7208 5.3). ``shifts``: host bits that do not count, IPv4 and IPv6."""

    shifts: tuple[int, int]


class Exchanges(Hosts, frozen=True):
    """``mx`` (RFC 7208 5.4)."""


class Ptr(LookUp, frozen=True):
    """RFC 7208 5.5."""


class Exists(LookUp, frozen=True):
    """RFC 7208 5.7."""


Mechanism: TypeAlias = All | Network | Include | Hosts | Exchanges | Ptr | Exists


class Directive(msgspec.Struct, frozen=True):
    result: Result
    mechanism: Mechanism
    text: str


class SpfRecord(msgspec.Struct, frozen=True):
    directives: tuple[Directive, ...]
    redirect: MacroString | None
    explanation: MacroString | None


def policies(strings: Iterable[bytes]) -> list[bytes]:
    """Those TXT records that are SPF records (RFC 7208 4.5); more than one is an error."""
    return [raw for raw in strings if _VERSION.match(raw)]


@lru_cache(maxsize=256)  # what the large providers publish comes again and again
def parse_record(raw: bytes) -> SpfRecord:
    """The whole record, with its version; SpfSyntaxError if any part of it is wrong (RFC 7208 4.6)."""
    if len(raw) > RECORD_MAX or not raw.isascii() or not _VERSION.match(raw):
        raise SpfSyntaxError("a record is v=spf1 and US-ASCII, 4096 octets at most")
    terms = [term for term in raw[6:].decode("ascii").split(" ") if term]
    if len(terms) > TERMS_MAX:
        raise SpfSyntaxError("a record has 256 terms at most")
    directives: list[Directive] = []
    modifiers: dict[str, MacroString] = {}
    for term in terms:
        if not (match := _TERM.match(term)):
            raise SpfSyntaxError("a term begins with a name")
        qualifier, name, rest = match.groups()
        if rest.startswith("=") and not qualifier:
            _add_modifier(modifiers, name.lower(), rest[1:])
        elif parse := _MECHANISMS.get(name.lower()):
            directives.append(Directive(_RESULTS[qualifier], parse(rest), term))
        else:
            raise SpfSyntaxError("an unknown mechanism")
    return SpfRecord(tuple(directives), modifiers.get("redirect"), modifiers.get("exp"))


def _add_modifier(modifiers: dict[str, MacroString], name: str, value: str) -> None:
    """RFC 7208 6: those two once each; of others only the syntax counts."""
    if name not in {"redirect", "exp"}:
        parse_macro_string(value)
    elif name in modifiers:
        raise SpfSyntaxError("redirect and exp appear once each")
    else:
        modifiers[name] = parse_domain_spec(value)


def _all(rest: str) -> All:
    if rest:
        raise SpfSyntaxError("all takes nothing")
    return All()


def _target(rest: str) -> MacroString:
    if not rest.startswith(":"):
        raise SpfSyntaxError("a mechanism without its domain")
    return parse_domain_spec(rest[1:])


def _include(rest: str) -> Include:
    return Include(_target(rest))


def _exists(rest: str) -> Exists:
    return Exists(_target(rest))


def _ptr(rest: str) -> Ptr:
    return Ptr(_target(rest) if rest else None)


def _hosts(rest: str) -> Hosts:
    return Hosts(*_hosts_of(rest))


def _exchanges(rest: str) -> Exchanges:
    return Exchanges(*_hosts_of(rest))


def _hosts_of(rest: str) -> tuple[MacroString | None, tuple[int, int]]:
    if not (match := _HOSTS.match(rest)):
        raise SpfSyntaxError("a domain or prefix length that is none")
    target, prefix4, prefix6 = match.groups()
    return parse_domain_spec(target) if target else None, (_shift(prefix4, 32), _shift(prefix6, 128))


def _ip4(rest: str) -> Network:
    return _network(_IP4.match(rest), IPv4Address)


def _ip6(rest: str) -> Network:
    return _network(_IP6.match(rest), IPv6Address)


def _network(match: re.Match[str] | None, kind: type[IPv4Address | IPv6Address]) -> Network:
    try:
        address = kind(match[1] if match else "")
    except ValueError as exc:
        raise SpfSyntaxError("an IP network that is none") from exc
    return Network(address.version, int(address), _shift(match[2] if match else None, address.max_prefixlen))


def _shift(prefix: str | None, width: int) -> int:
    if prefix is None:
        return 0
    if int(prefix) > width:
        raise SpfSyntaxError("a prefix length beyond the address")
    return width - int(prefix)


_MECHANISMS: Final[dict[str, Callable[[str], Mechanism]]] = {
    "all": _all,
    "include": _include,
    "a": _hosts,
    "mx": _exchanges,
    "ptr": _ptr,
    "ip4": _ip4,
    "ip6": _ip6,
    "exists": _exists,
}
