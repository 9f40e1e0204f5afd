"""What a domain's owner asks of the way to its servers. A static route asks what its setting says, and nothing else."""

from collections.abc import Sequence
from typing import Final, Protocol

from skrytka.mail.queue.routes import Hop
from skrytka.model.address import Domain
from skrytka.model.clock import Clock
from skrytka.model.dns import Answer
from skrytka.model.errors import Reason, TransientError
from skrytka.net.dns.drive import drive
from skrytka.net.dns.resolver import Resolver
from skrytka.protocol.tlspolicy import dane, sts
from skrytka.protocol.tlspolicy.policy import NO_POLICY, HostPolicy, PolicyType
from skrytka.protocol.tlspolicy.sts import StsPolicy

LOOKUPS_S: Final = 20.0


class Policies(Protocol):
    """Whose MTA-STS policies hold: ``mail.queue.sts``."""

    async def of(self, domain: Domain) -> StsPolicy | None: ...


class Guard:
    """One for each courier. What was looked up is kept, by the resolver and by ``sts``, as long as its owner says."""

    def __init__(self, resolver: Resolver, clock: Clock, sts: Policies) -> None:
        self._resolver = resolver
        self._clock = clock
        self._sts = sts

    async def policy(self, hop: Hop, addresses: Sequence[Answer], domain: Domain) -> HostPolicy:
        """Of this server, for mail to that domain: DANE where it applies, else MTA-STS (RFC 8461 2).

        TransientError(DNS_FAILURE): nobody can say, so no mail goes there now (RFC 7672 2.1.2).
        """
        if hop.is_static:
            return NO_POLICY
        if hop.is_dane:
            check = dane.host_policy(hop.host, hop.port, hop.next_hops, addresses)
            policy = await drive(check, self._resolver, self._clock, seconds=LOOKUPS_S)
            if policy is None:
                detail = f"DANE: DNS gives no trustworthy answer about TLSA of {hop.host}"
                raise TransientError(Reason.DNS_FAILURE, detail)
            if policy.kind is PolicyType.TLSA:
                return policy
        return sts.host_policy(await self._sts.of(domain), domain.name, hop.host)
