"""Domains, and the addresses that every domain must answer (RFC 5321 4.5.1, RFC 2142)."""

from skrytka.mail.admin.base import AdminPart, parse_domain
from skrytka.mail.admin.dkim import DkimKeys
from skrytka.mail.admin.types import DomainInfo
from skrytka.mail.delivery.resolve import POSTMASTER, ROLES
from skrytka.model.address import Domain
from skrytka.store.commands.directory import AddAlias, AddDomain, RemoveDomain
from skrytka.store.commands.languages import SetDomainLanguage
from skrytka.store.sql import directory as sql
from skrytka.store.sql import languages


class Domains(AdminPart):
    """Part of Admin."""

    async def add(self, name: str, actor: str) -> DomainInfo:
        """Take mail for a domain; its postmaster is that of the domains there are until it gets its own.

        Its keys for DKIM are made with it; what fails there is tried again by the timer.
        """
        domain = parse_domain(name).name
        await self._deps.store.submit(AddDomain(unit=self._unit(), name=domain))
        self._changed(actor, "domain.add", domain)
        await DkimKeys(self._deps).add_first(Domain(domain), actor)
        return DomainInfo(name=domain, created_at_ms=self._deps.clock.now_ms())

    async def list(self) -> list[DomainInfo]:
        """By name."""
        rows = await self._deps.store.read(sql.domains())
        spoken = await self._deps.store.read(languages.domains())
        looks = {} if self._deps.dns is None else self._deps.dns.memory.load().domains
        return [
            DomainInfo(
                name=row.name,
                created_at_ms=row.created_at_ms,
                dns_faults=len(look.faults) if (look := looks.get(row.name)) else None,
                dns_looked_at_ms=look.looked_at_ms if look else None,
                language=spoken.get(row.name, ""),
            )
            for row in rows
        ]

    async def show(self, name: str) -> DomainInfo:
        """One; NO_SUCH_DOMAIN."""
        domain = parse_domain(name).name
        await self._hosted(domain)
        return next(row for row in await self.list() if row.name == domain)

    async def set_language(self, name: str, language: str, actor: str) -> DomainInfo:
        """In which owners of its accounts are written to that have none of their own; "" for the server's."""
        domain = parse_domain(name).name
        await self._deps.store.submit(SetDomainLanguage(unit=self._unit(), name=domain, language=language))
        self._changed(actor, "domain.language", domain)
        return await self.show(domain)

    async def remove(self, name: str, actor: str) -> DomainInfo:
        """NOT_PERMITTED while it has accounts or aliases."""
        domain = parse_domain(name).name
        await self._hosted(domain)
        await self._deps.store.submit(RemoveDomain(unit=self._unit(), name=domain))
        self._changed(actor, "domain.remove", domain)
        return DomainInfo(name=domain, created_at_ms=0)

    async def answer_for(self, domain: str, address: str, actor: str) -> None:
        """Let an account answer for the roles of a domain that nobody answers for yet."""
        for role in sorted(ROLES, key=lambda name: (name != POSTMASTER, name)):
            key = f"{role}@{domain}"
            if await self._deps.store.read(sql.address(key)) is None:
                await self._deps.store.submit(AddAlias(unit=self._unit(), key=key, domain=domain, targets=(address,)))
                self._changed(actor, "alias.add", key)
