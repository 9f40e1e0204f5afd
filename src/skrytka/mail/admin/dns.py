"""What a domain publishes in DNS: what it needs, and what is there now."""

import asyncio
from typing import Final, TypeVar

import msgspec

from skrytka.mail.admin.base import AdminPart, parse_domain
from skrytka.mail.admin.dkim import DkimKeys
from skrytka.mail.admin.dns_deps import DnsDeps
from skrytka.mail.admin.types import DnsInfo, RecordInfo
from skrytka.mail.delivery.resolve import POSTMASTER
from skrytka.model.errors import PermanentError, Reason
from skrytka.net.dns.authority import Authority
from skrytka.net.dns.drive import drive
from skrytka.net.dns.resolver import Resolver
from skrytka.net.sts_fetch import UNTRUSTED, PolicyError, fetch_policy
from skrytka.protocol.mailauth.query import Check
from skrytka.protocol.published.finding import NoAnswerError, addresses_of
from skrytka.protocol.published.judge import Finding, judge
from skrytka.protocol.published.looks import looks
from skrytka.protocol.published.text import record_text, zone_file
from skrytka.protocol.published.trust import association_of
from skrytka.protocol.published.wanted import Association, Facts, KeyText, PolicyView, ServerView, wanted

FETCH_S: Final = 10.0  # of a policy
LOOK_S: Final = 20.0  # one record with all it leads to (RFC 7208 4.6.4 gives SPF as much)

T = TypeVar("T")


class DomainDns(AdminPart):
    """Part of Admin."""

    async def records(self, name: str) -> DnsInfo:
        """What the domain needs, without a look at it; only the addresses of the host are asked for if need be."""
        facts = await self._facts(name, self._dns.resolver())
        return DnsInfo(domain=facts.domain, zone_file=zone_file(facts, wanted(facts)))

    async def look(self, name: str) -> DnsInfo:
        """Every record beside what DNS has now; what nobody answers is unknown."""
        resolver = self._dns.resolver()
        facts = await self._looked_at(await self._facts(name, resolver), resolver)
        records = (*wanted(facts), *looks(facts))
        found = await asyncio.gather(*(self._drive(judge(each, facts), resolver) for each in records))
        return DnsInfo(domain=facts.domain, zone_file=zone_file(facts, records), records=tuple(map(_info, found)))

    async def _facts(self, name: str, resolver: Resolver) -> Facts:
        deps, domain = self._dns, parse_domain(name).name
        await self._hosted(domain)
        addresses = deps.addresses or await self._host_addresses(resolver)
        served = deps.served()
        now = tuple(Association(each.port, association_of(each.chain[0])) for each in served if each.chain)
        return Facts(
            domain=domain,
            hostname=deps.hostname,
            addresses=addresses,
            senders=deps.senders or addresses,
            report_address=f"{POSTMASTER}@{domain}",
            ports=deps.ports,
            keys=tuple(
                KeyText(each.selector, each.text.encode()) for each in await DkimKeys(self._deps).records(domain)
            ),
            served=served,
            associations=tuple(dict.fromkeys((*now, *deps.next_associations()))),
            policy_id=deps.policy_id(domain),
            issuers=deps.issuers(),
            block_lists=deps.block_lists,
            domain_block_lists=deps.domain_block_lists,
            is_block_list_tested=deps.is_block_list_tested,
            now_s=self._deps.clock.now_ms() // 1000,
        )

    async def _looked_at(self, facts: Facts, resolver: Resolver) -> Facts:
        """With what name servers and the host of the policy say by themselves."""
        deps = self._dns
        servers, policy = await asyncio.gather(_servers(deps, resolver, facts), _policy(deps, resolver, facts))
        return msgspec.structs.replace(facts, servers=servers, policy=policy)

    async def _host_addresses(self, resolver: Resolver) -> tuple[str, ...]:
        try:
            return await self._drive(addresses_of(self._dns.hostname), resolver)
        except NoAnswerError:
            return ()

    async def _drive(self, check: Check[T], resolver: Resolver) -> T:
        return await drive(check, resolver, self._deps.clock, seconds=LOOK_S)

    @property
    def _dns(self) -> DnsDeps:
        if self._deps.dns is None:
            raise PermanentError(Reason.UNSUPPORTED, "this process asks no DNS")
        return self._deps.dns


async def _servers(deps: DnsDeps, resolver: Resolver, facts: Facts) -> tuple[ServerView, ...] | None:
    if deps.port is None:
        return None
    return await Authority(resolver, port=deps.port, networks=deps.server_networks).views(facts.domain)


async def _policy(deps: DnsDeps, resolver: Resolver, facts: Facts) -> PolicyView | None:
    if not facts.policy_id or deps.https is None:
        return None
    try:
        return PolicyView(policy=await fetch_policy(deps.https(resolver), facts.domain, seconds=FETCH_S))
    except PolicyError as exc:
        is_untrusted = exc.result == UNTRUSTED
        return PolicyView(is_unreachable=exc.is_unreachable, is_untrusted=is_untrusted, detail=str(exc)[:200])


def _info(finding: Finding) -> RecordInfo:
    record, seen = finding.wanted, finding.seen
    return RecordInfo(
        kind=record.kind.value,
        name=record.name,
        type=record.rdtype,
        value="" if record.record is None else record_text(record.rdtype, record.record),
        is_optional=record.is_optional,
        state=seen.state.value,
        problem="" if seen.problem is None else seen.problem.value,
        found=seen.found,
        detail=seen.detail,
        is_fault=finding.is_fault,
    )
