"""Domains, their records in DNS and their keys for DKIM."""

from typing import Any, Final

from skrytka.mail.admin.commands.base import (
    Args,
    Command,
    CommandDeps,
    DomainArgs,
    NoArgs,
    OptionalDomainArgs,
    Route,
    on_domain,
    on_domain_or_all,
    on_domain_or_node,
    on_node,
)
from skrytka.mail.admin.dkim import DkimInfo
from skrytka.mail.admin.notice_words import Language
from skrytka.mail.admin.types import DnsInfo, DnsPlan, DnsPublication, DomainInfo
from skrytka.mail.identity.permissions import Permission


class PublishArgs(Args, frozen=True, kw_only=True):
    domain: str
    plan: DnsPlan  # as it was shown and confirmed


class DomainLanguageArgs(Args, frozen=True, kw_only=True):
    domain: str
    language: Language | None = None  # null: the server's


class DkimKeyArgs(Args, frozen=True, kw_only=True):
    domain: str
    selector: str


async def _domain_now(deps: CommandDeps, args: Any) -> object:
    return await deps.admin.domains.show(args.domain)


async def _keys_now(deps: CommandDeps, args: Any) -> object:
    return await deps.admin.dkim.list(args.domain)


DOMAINS: Final[dict[str, Command]] = {
    "domain.add": Command(
        args=DomainArgs,
        result=DomainInfo,
        permission=Permission.DOMAIN_WRITE,
        scope=on_node,
        before=_domain_now,
        run=lambda deps, args, actor, _: deps.admin.domains.add(args.domain, actor.name),
        route=Route("POST", "/domains"),
    ),
    "domain.list": Command(
        args=NoArgs,
        result=list[DomainInfo],
        permission=Permission.DOMAIN_READ,
        scope=on_domain_or_all,
        row_domain=lambda row: str(row.name),
        run=lambda deps, _args, _actor, _: deps.admin.domains.list(),
        route=Route("GET", "/domains"),
    ),
    "domain.show": Command(
        args=DomainArgs,
        result=DomainInfo,
        permission=Permission.DOMAIN_READ,
        scope=on_domain,
        run=lambda deps, args, _actor, _: deps.admin.domains.show(args.domain),
        route=Route("GET", "/domains/{domain}"),
    ),
    "domain.language": Command(
        args=DomainLanguageArgs,
        result=DomainInfo,
        permission=Permission.ACCOUNT_WRITE,
        scope=on_domain,
        before=_domain_now,
        run=lambda deps, args, actor, _: deps.admin.domains.set_language(args.domain, args.language or "", actor.name),
        route=Route("PUT", "/domains/{domain}/language"),
    ),
    "domain.remove": Command(
        args=DomainArgs,
        result=DomainInfo,
        permission=Permission.DOMAIN_WRITE,
        scope=on_node,
        is_dangerous=True,
        before=_domain_now,
        run=lambda deps, args, actor, _: deps.admin.domains.remove(args.domain, actor.name),
        route=Route("DELETE", "/domains/{domain}"),
    ),
    "dns.records": Command(
        args=DomainArgs,
        result=DnsInfo,
        permission=Permission.DNS_READ,
        scope=on_domain,
        run=lambda deps, args, _actor, _: deps.admin.dns.records(args.domain),
        route=Route("GET", "/domains/{domain}/dns"),
    ),
    "dns.look": Command(
        args=DomainArgs,
        result=DnsInfo,
        permission=Permission.DNS_READ,
        scope=on_domain,
        run=lambda deps, args, _actor, _: deps.admin.dns.look(args.domain),
        route=Route("GET", "/domains/{domain}/dns/state"),
    ),
    "dns.plan": Command(
        args=DomainArgs,
        result=DnsPlan,
        permission=Permission.DNS_READ,
        scope=on_domain,
        run=lambda deps, args, _actor, _: deps.admin.publishing.plan(args.domain),
        route=Route("GET", "/domains/{domain}/dns/plan"),
    ),
    "dns.publish": Command(
        args=PublishArgs,
        result=DnsPublication,
        permission=Permission.DNS_WRITE,
        scope=on_domain,
        is_dangerous=True,
        run=lambda deps, args, actor, _: deps.admin.publishing.publish(args.domain, args.plan, actor.name),
        route=Route("POST", "/domains/{domain}/dns/publish"),
        is_slow=True,
    ),
    "dkim.list": Command(
        args=OptionalDomainArgs,
        result=list[DkimInfo],
        permission=Permission.DKIM_READ,
        scope=on_domain_or_all,
        row_domain=lambda row: str(row.domain),
        run=lambda deps, args, _actor, _: deps.admin.dkim.list(args.domain),
        route=Route("GET", "/dkim"),
    ),
    "dkim.show": Command(
        args=DomainArgs,
        result=list[DkimInfo],
        permission=Permission.DKIM_READ,
        scope=on_domain,
        run=lambda deps, args, _actor, _: deps.admin.dkim.show(args.domain),
        route=Route("GET", "/domains/{domain}/dkim"),
    ),
    "dkim.check": Command(
        args=OptionalDomainArgs,
        result=list[DkimInfo],
        permission=Permission.DKIM_WRITE,
        scope=on_domain_or_node,
        run=lambda deps, args, actor, _: deps.admin.dkim.check(args.domain, actor.name),
        route=Route("POST", "/dkim/check"),
        is_slow=True,
    ),
    "dkim.rotate": Command(
        args=DomainArgs,
        result=list[DkimInfo],
        permission=Permission.DKIM_WRITE,
        scope=on_domain,
        before=_keys_now,
        run=lambda deps, args, actor, _: deps.admin.dkim.rotate(args.domain, actor.name),
        route=Route("POST", "/domains/{domain}/dkim"),
    ),
    "dkim.use": Command(
        args=DkimKeyArgs,
        result=list[DkimInfo],
        permission=Permission.DKIM_WRITE,
        scope=on_domain,
        before=_keys_now,
        run=lambda deps, args, actor, _: deps.admin.dkim.use(args.domain, args.selector, actor.name),
        route=Route("POST", "/domains/{domain}/dkim/{selector}/use"),
    ),
    "dkim.revoke": Command(
        args=DkimKeyArgs,
        result=list[DkimInfo],
        permission=Permission.DKIM_WRITE,
        scope=on_domain,
        is_dangerous=True,
        before=_keys_now,
        run=lambda deps, args, actor, _: deps.admin.dkim.revoke(args.domain, args.selector, actor.name),
        route=Route("DELETE", "/domains/{domain}/dkim/{selector}"),
    ),
}
