"""What the records of hosted domains follow from: settings, keys, certificates, and who is asked what is there."""

from collections.abc import Callable
from dataclasses import dataclass

from skrytka.net.dns.resolver import Resolver
from skrytka.protocol.published.wanted import Association, Served


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsDeps:
    """What the records follow from; made by the composition root."""

    resolver: Callable[[], Resolver]  # a new one each time: nothing is remembered from the last look
    hostname: str  # A-labels
    ports: dict[str, int]
    addresses: tuple[str, ...] = ()  # empty: those that DNS has for the host
    senders: tuple[str, ...] = ()  # empty: the addresses
    served: Callable[[], tuple[Served, ...]] = tuple
    next_associations: Callable[[], tuple[Association, ...]] = tuple  # of certificates that are to come
    issuers: tuple[str, ...] = ()
    policy_id: Callable[[str], str] = lambda _domain: ""  # of MTA-STS
