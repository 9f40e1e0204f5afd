"""Sender rewriting (SRS): the reverse path of a forward becomes ours, and reports about it find their way back.

Where SPF looks at who sends, a forward under a stranger's reverse path fails. No RFC has this; the form is that of the
paper of 2003, which others read: ``SRS0=HASH=DAY=domain=local`` of a plain address, ``SRS1=HASH=domain=rest`` of one
that somebody rewrote before us, so that it does not grow with each forwarder. The hash is ours and also covers the
day and the forwarder, so nobody can make an address that leads through us, and none leads through us for long.
"""

import hmac
from collections.abc import Iterator
from typing import Final

from skrytka.model.address import PATH_MAX, Address, AddressError, Domain
from skrytka.model.secret import Secret

VALID_DAYS: Final = 21  # a report comes within the five days of somebody's queue, of two on the way within ten
HASH_CHARS: Final = 10  # of five bits each
_DAYS: Final = 1024
_DAY_MS: Final = 86_400_000
_ALPHABET: Final = (
    "abcdefghijklmnopqrstuvwxyz234567"  # RFC 4648 6; whoever changes the case of a local part does no harm
)
_SEPARATORS: Final = "=+-"


class SrsError(ValueError):
    """Not made by us, or too long ago."""


def is_rewritten(address: Address) -> bool:
    """Whether it has the form."""
    local = address.local
    return local[:4].lower() in {"srs0", "srs1"} and local[4:5] in tuple(_SEPARATORS)


def rewrite(address: Address, forwarder: Domain, key: Secret, now_ms: int) -> Address:
    """The reverse path of what ``forwarder`` forwards; AddressError when it is longer than an address may be."""
    day = now_ms // _DAY_MS % _DAYS
    if not is_rewritten(address):
        stamp = _ALPHABET[day >> 5] + _ALPHABET[day & 31]
        domain, rest = address.domain.name, address.local
        local = f"SRS0={_hash(key, forwarder, day, '0', domain, rest)}={stamp}={domain}={rest}"
    else:
        domain, rest = _first(address)
        local = f"SRS1={_hash(key, forwarder, day, '1', domain, rest)}={domain}={rest}"
    made = Address(local, forwarder)
    if len(str(made).encode()) > PATH_MAX:
        raise AddressError("the rewritten address has more than 254 octets")
    return made


def restore(address: Address, key: Secret, now_ms: int) -> Address:
    """The address before :func:`rewrite`; SrsError."""
    today = now_ms // _DAY_MS
    try:
        _tag, given, rest = address.local[:4], *_split(address.local[5:], 2)
        if address.local[:4].lower() == "srs1":
            domain, rest = _split(rest, 2)
            days = iter(range(today, today - VALID_DAYS - 1, -1))
            _check(key, address.domain, days, given, "1", domain, rest)
            return _address(f"SRS0{rest}", domain)
        stamp, domain, rest = _split(rest, 3)
        day = _ALPHABET.index(stamp[:1].lower()) << 5 | _ALPHABET.index(stamp[1:].lower())
        if len(stamp) != 2 or (today - day) % _DAYS > VALID_DAYS:
            raise SrsError("too long ago")
        _check(key, address.domain, iter((day,)), given, "0", domain, rest)
        return _address(rest, domain)
    except SrsError:
        raise
    except ValueError as exc:  # parts are missing, or are no address
        raise SrsError("not of this form") from exc


def _first(address: Address) -> tuple[str, str]:
    """Who rewrote it first, and what is behind SRS0 there."""
    if address.local[:4].lower() == "srs0":
        return address.domain.name, address.local[4:]
    parts = address.local[5:].split("=", 2)
    if len(parts) != 3 or not all(parts):  # it only looks like one
        raise AddressError("an SRS1 address has three parts")
    return parts[1], parts[2]


def _split(text: str, count: int) -> list[str]:
    parts = text.split("=", count - 1)
    if len(parts) != count or not all(parts):
        raise SrsError("not of this form")
    return parts


def _address(local: str, domain: str) -> Address:
    """Parsed again: what was in the local part of another is nobody's word."""
    return Address.parse(str(Address(local, Domain.parse(domain))))


def _check(key: Secret, forwarder: Domain, days: Iterator[int], given: str, *words: str) -> None:
    expected = [_hash(key, forwarder, day % _DAYS, *words) for day in days]
    found = [hmac.compare_digest(given.lower().encode(), each.encode()) for each in expected]
    if not any(found):
        raise SrsError("not made here")


def _hash(key: Secret, forwarder: Domain, day: int, *words: str) -> str:
    said = "\0".join(("srs", forwarder.name, str(day), *words)).lower()
    digest = int.from_bytes(hmac.digest(key.reveal(), said.encode(), "sha256"), "big")
    return "".join(_ALPHABET[digest >> 5 * place & 31] for place in range(HASH_CHARS))
