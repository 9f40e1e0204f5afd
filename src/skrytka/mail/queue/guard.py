"""What a domain's owner asks of the way to its servers. A static route asks what its setting says, and nothing else."""

from collections.abc import Sequence
from typing import Final

from skrytka.mail.queue.routes import Hop
from skrytka.model.clock import Clock
from skrytka.model.dns import Answer
from skrytka.model.errors import Reason, TransientError
from skrytka.net.dns.drive import drive
from skrytka.net.dns.resolver import Resolver
from skrytka.protocol.tlspolicy.dane import host_policy
from skrytka.protocol.tlspolicy.policy import NO_POLICY, HostPolicy

LOOKUPS_S: Final = 20.0


class Guard:
    """One for each courier. What was looked up is kept by the resolver for as long as its owner says."""

    def __init__(self, resolver: Resolver, clock: Clock) -> None:
        self._resolver = resolver
        self._clock = clock

    async def policy(self, hop: Hop, addresses: Sequence[Answer]) -> HostPolicy:
        """Of this server. TransientError(DNS_FAILURE): nobody can say, so no mail goes there now (RFC 7672 2.1.2)."""
        if not hop.is_dane:
            return NO_POLICY
        check = host_policy(hop.host, hop.port, hop.next_hops, addresses)
        policy = await drive(check, self._resolver, self._clock, seconds=LOOKUPS_S)
        if policy is None:
            raise TransientError(Reason.DNS_FAILURE, f"DANE: DNS gives no trustworthy answer about TLSA of {hop.host}")
        return policy
