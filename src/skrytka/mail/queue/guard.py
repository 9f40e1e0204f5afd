"""What the way to a domain's servers has to be: what its owner asks, and what settings demand.

A static route asks what its own setting says; for what the owner asks only where it says so.
"""

from collections.abc import Sequence
from typing import Final, Protocol

from skrytka.mail.queue.routes import Hop, most_exact
from skrytka.model.address import Domain
from skrytka.model.clock import Clock
from skrytka.model.dns import Answer
from skrytka.model.errors import Reason, TransientError
from skrytka.model.settings import TlsDemand
from skrytka.net.dns.drive import drive
from skrytka.net.dns.resolver import Resolver
from skrytka.protocol.tlspolicy import dane, sts
from skrytka.protocol.tlspolicy.policy import NO_POLICY, Demand, HostPolicy, PolicyType, demanded
from skrytka.protocol.tlspolicy.sts import StsPolicy

LOOKUPS_S: Final = 20.0


class Policies(Protocol):
    """Whose MTA-STS policies hold: ``mail.queue.sts``."""

    async def of(self, domain: Domain) -> StsPolicy | None: ...


class Guard:
    """One for each courier. What was looked up is kept, by the resolver and by ``sts``, as long as its owner says."""

    def __init__(self, resolver: Resolver, clock: Clock, sts: Policies, demands: Sequence[TlsDemand] = ()) -> None:
        self._demands = demands
        self._resolver = resolver
        self._clock = clock
        self._sts = sts

    async def policy(self, hop: Hop, addresses: Sequence[Answer], domain: Domain) -> HostPolicy:
        """Of this server, for mail to that domain: DANE where it applies, else MTA-STS (RFC 8461 2).

        TransientError(DNS_FAILURE): nobody can say, so no mail goes there now (RFC 7672 2.1.2).
        """
        demand = self.demand(domain)
        if demand is Demand.MAY:
            return NO_POLICY
        found = await self._published(hop, addresses, domain) if hop.is_policy_asked else NO_POLICY
        if demand is None:
            return found
        return demanded(found, demand, hop.host, is_proven=hop.tls in {"required", "implicit"})

    def demand(self, domain: Domain) -> Demand | None:
        """What settings say of mail to that domain."""
        found = most_exact(self._demands, domain.name)
        return None if found is None else Demand(found.level)

    async def _published(self, hop: Hop, addresses: Sequence[Answer], domain: Domain) -> HostPolicy:
        if hop.is_dane:
            check = dane.host_policy(hop.host, hop.port, hop.next_hops, addresses)
            policy = await drive(check, self._resolver, self._clock, seconds=LOOKUPS_S)
            if policy is None:
                detail = f"DANE: DNS gives no trustworthy answer about TLSA of {hop.host}"
                raise TransientError(Reason.DNS_FAILURE, detail)
            if policy.kind is PolicyType.TLSA:
                return policy
        return sts.host_policy(await self._sts.of(domain), domain.name, hop.host)
