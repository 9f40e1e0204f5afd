"""What the records of hosted domains follow from: settings, keys, certificates, and who is asked what is there."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from skrytka.mail.admin.dns_memory import MemoryKeeper
from skrytka.model.dns import Server
from skrytka.net.dns.resolver import Resolver
from skrytka.net.dns.update import TsigKey
from skrytka.net.facts import Networks
from skrytka.net.https import Https
from skrytka.protocol.published.wanted import Association, Served

NO_NETWORKS: Final = Networks(())


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A zone that may be changed by dynamic update."""

    name: str
    server: Server
    place: str  # the server, for nsupdate
    read_key: Callable[[], TsigKey]  # PermanentError(BAD_CONFIG)


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsDeps:
    """What the records follow from; made by the composition root."""

    resolver: Callable[[], Resolver]  # a new one each time: nothing is remembered from the last look
    memory: MemoryKeeper
    hostname: str  # A-labels
    ports: dict[str, int]
    addresses: tuple[str, ...] = ()  # empty: those that DNS has for the host
    senders: tuple[str, ...] = ()  # empty: the addresses
    served: Callable[[], tuple[Served, ...]] = tuple
    next_associations: Callable[[], tuple[Association, ...]] = tuple  # of certificates that are to come
    issuers: Callable[[], tuple[str, ...]] = tuple
    zones: tuple[Zone, ...] = ()
    policy_id: Callable[[str], str] = lambda _domain: ""  # of MTA-STS
    port: int | None = None  # of name servers, which are asked one by one; None: DNS is a zone file
    server_networks: Networks = NO_NETWORKS  # not public, and name servers are asked there all the same
    https: Callable[[Resolver], Https] | None = None  # as strangers fetch a policy
    block_lists: tuple[str, ...] = ()
    domain_block_lists: tuple[str, ...] = ()
    is_block_list_tested: bool = False
