"""Who is at the other end of a connection, in the one form that limits, policies and events compare."""

import ipaddress
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

import msgspec

from skrytka.model.ids import TraceId

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

_IPV4_PREFIX = 24  # what one customer of a provider usually shares
_IPV6_PREFIX = 48  # RFC 6177 2: an end site gets between /48 and /56
_KEPT: Final = 4096  # addresses of peers, 2 MB; who has been here comes again, and to read one costs 10 µs
_IPV6_HOST_PREFIX = 64  # RFC 8981 3.4: one machine takes any address of its /64, as many as it likes


class ConnFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known before the first byte."""

    service: str  # "smtp", "imaps"...
    remote: str  # canonical text of the address; ``::ffff:192.0.2.1`` is "192.0.2.1"
    remote_port: int
    local: str
    local_port: int
    network: str  # "192.0.2.0/24", "2001:db8:1::/48": what is limited beside the address
    is_exempt: bool = False  # in settings.exempt_networks: free of delay, reputation, rate and connection caps
    program: str = ""  # what the peer says it is (mail.identity.attacks.devices)
    trace: TraceId | None = None  # of the session's own events; a message gets one of its own


@lru_cache(maxsize=_KEPT)
def normalise(text: str) -> IpAddress:
    """The address without scope id, IPv4 taken out of IPv6 (RFC 4291 2.5.5.2), so that no peer has two names."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


@lru_cache(maxsize=_KEPT)
def network_of(address: IpAddress) -> str:
    """The /24 (IPv4) or /48 (IPv6) around an address."""
    prefix = _IPV4_PREFIX if address.version == 4 else _IPV6_PREFIX
    return str(ipaddress.ip_network((address, prefix), strict=False))


@lru_cache(maxsize=_KEPT)
def host_of(remote: str) -> str:
    """What is limited as one address: the IPv4 address, the /64 around an IPv6 address. ``remote`` is canonical."""
    if ":" not in remote:
        return remote
    return str(ipaddress.ip_network((remote, _IPV6_HOST_PREFIX), strict=False))


class Networks:
    """A set of networks; a question costs one comparison a network, so keep the list short."""

    def __init__(self, networks: Iterable[str]) -> None:
        self._networks: tuple[IpNetwork, ...] = tuple(ipaddress.ip_network(text, strict=False) for text in networks)

    def __contains__(self, address: IpAddress) -> bool:
        return any(address.version == network.version and address in network for network in self._networks)


def describe(
    service: str,
    remote: tuple[str, int],
    local: tuple[str, int],
    exempt: Networks,
    trace: TraceId | None = None,
) -> ConnFacts:
    """Facts from what ``accept()`` and ``getsockname()`` gave."""
    address = normalise(remote[0])
    return ConnFacts(
        service=service,
        remote=str(address),
        remote_port=remote[1],
        local=str(normalise(local[0])),
        local_port=local[1],
        network=network_of(address),
        is_exempt=address in exempt,
        trace=trace,
    )
