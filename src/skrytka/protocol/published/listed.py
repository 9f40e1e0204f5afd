"""Lists that would block our mail (RFC 5782): whether an address or a domain of ours is on one.

Only an answer in 127.0.0.0/8 is a listing; 127.255.255.0/24 says that whoever asks is refused, anything else that the
list is gone and its name led elsewhere. Neither says anything about us.
"""

import ipaddress
from collections.abc import Iterator
from typing import Final

from skrytka.protocol.mailauth.query import Check
from skrytka.protocol.published.finding import Problem, Seen, ask, right, shown, unknown, wrong
from skrytka.protocol.published.wanted import Facts, Kind, Wanted

_LISTING: Final = ipaddress.ip_network("127.0.0.0/8")
_REFUSAL: Final = ipaddress.ip_network("127.255.255.0/24")
_ALIVE: Final = {
    "4": ("2.0.0.127", "1.0.0.127"),
    "6": ("127.0.0.2", "127.0.0.1"),
    "": ("test", "invalid"),
}  # RFC 5782 5


def listings(facts: Facts) -> Iterator[Wanted]:
    """One for each list and each of what is ours."""
    for zone in facts.block_lists:
        for sender in facts.senders:
            yield Wanted(Kind.LISTED, f"{_reversed(sender)}.{zone}", "A")
    for zone in facts.domain_block_lists:
        yield Wanted(Kind.LISTED, f"{facts.domain}.{zone}", "A")


def _reversed(address: str) -> str:
    """RFC 5782 2.1, 2.4."""
    return ipaddress.ip_address(address).reverse_pointer.removesuffix(".in-addr.arpa").removesuffix(".ip6.arpa")


def listed(wanted: Wanted, facts: Facts) -> Check[Seen]:
    """Not there is right; a list that cannot be believed is unknown."""
    zone, family = _zone_of(wanted.name, facts)
    if facts.is_block_list_tested:
        there, absent = _alive(family)
        is_listing = yield from ask(f"{there}.{zone}", "A")
        is_quiet = yield from ask(f"{absent}.{zone}", "A")
        if not is_listing.texts or is_quiet.texts:
            return unknown(Problem.LIST_DEAD, zone)
    answer = yield from ask(wanted.name, "A")
    if not answer.texts:
        return right()
    found = [ipaddress.ip_address(text) for text in answer.texts]
    if any(each in _REFUSAL for each in found if each.version == 4):
        return unknown(Problem.LIST_REFUSES, zone)
    if not all(each.version == 4 and each in _LISTING for each in found):
        return unknown(Problem.LIST_DEAD, zone)
    return wrong(Problem.LISTED, shown("A", answer.texts), zone)


def _zone_of(name: str, facts: Facts) -> tuple[str, str]:
    for zone in facts.block_lists:
        if name.endswith(f".{zone}") and name != f"{facts.domain}.{zone}":
            return zone, "6" if len(name.removesuffix(f".{zone}").split(".")) > 4 else "4"
    return name.removeprefix(f"{facts.domain}."), ""


def _alive(family: str) -> tuple[str, str]:
    """What is on every list, and what on none."""
    if family != "6":
        return _ALIVE[family]
    there, absent = (_reversed(f"::ffff:{text}") for text in _ALIVE["6"])
    return there, absent
