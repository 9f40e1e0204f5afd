"""Connections to where a stranger's DNS leads: out into the world, and never to us or into a network behind us.

Looked at is the address that is dialled, after every look-up: a name that has another answer the second time gets
nowhere. Addresses that carry another one inside (IPv4 in IPv6, by whatever scheme) are those of nobody.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import Final

from skrytka.model.errors import Reason, TransientError
from skrytka.net.connection import Connection
from skrytka.net.dialer import Dial
from skrytka.net.facts import IpAddress, Networks, normalise

PORT: Final = 443
_UNICAST: Final = ip_network("2000::/3")  # RFC 4291 2.4: all that is given out
_NAT64: Final = ip_network("64:ff9b::/96")  # RFC 6052 2.1: IPv4 as a network without it sees it
_NOBODY: Final = Networks(  # what Python's tables, of the release that runs, may not have
    (
        "100.64.0.0/10",  # RFC 6598
        "192.0.0.0/24",  # RFC 6890
        "192.88.99.0/24",  # RFC 7526
        "198.18.0.0/15",  # RFC 2544
        "2001::/23",  # RFC 2928; Teredo is in it
        "2001:db8::/32",  # RFC 3849
        "2002::/16",  # RFC 3056: 6to4
        "3fff::/20",  # RFC 9637
    )
)


class NotOutsideError(TransientError):
    """There we do not go."""


class OutsideDial:
    """A Dial; ``own`` are addresses of this server, ``allowed`` networks of it that may be reached all the same.

    ``is_self_reached``: what this machine shows to the world at a public address may be looked at.
    """

    def __init__(
        self, dial: Dial, *, own: Iterable[str] = (), allowed: Iterable[str] = (), is_self_reached: bool = False
    ) -> None:
        self._is_self_reached = is_self_reached
        self._dial = dial
        self._own = frozenset(map(normalise, own))
        self._allowed = Networks(allowed)

    async def connect(self, address: str, port: int, *, seconds: float) -> Connection:
        """As :meth:`Dial.connect`; NotOutsideError for an address that is not public, one of ours, another port."""
        found = normalise(address)
        if found in self._allowed:
            return await self._dial.connect(str(found), port, seconds=seconds)
        if port != PORT or _plain(found) in self._own or not is_public(found):
            raise NotOutsideError(Reason.NOT_PERMITTED, f"{found} port {port} is no place to go to")
        conn = await self._dial.connect(str(found), port, seconds=seconds)
        if not self._is_self_reached and conn.local_address == str(
            found
        ):  # an address of this machine that nobody has listed
            conn.abort()
            raise NotOutsideError(Reason.NOT_PERMITTED, f"{found} is this machine")
        return conn


def is_public(address: IpAddress) -> bool:
    """Whether it is given out to somebody in the world."""
    address = _plain(address)
    if isinstance(address, IPv6Address) and address not in _UNICAST:
        return False
    is_special = address.is_multicast or address.is_reserved or address.is_unspecified
    return address.is_global and not is_special and address not in _NOBODY


def _plain(address: IpAddress) -> IpAddress:
    """The IPv4 address behind NAT64, where there is one."""
    if not isinstance(address, IPv6Address) or address not in _NAT64:
        return address
    return IPv4Address(int(address) & 0xFFFFFFFF)
