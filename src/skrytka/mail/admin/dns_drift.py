"""The daily look at what hosted domains publish: each change is told once, when it comes and when it goes."""

import asyncio
from typing import Final

import msgspec

from skrytka.mail.admin.base import AdminDeps, AdminPart
from skrytka.mail.admin.dns import DomainDns
from skrytka.mail.admin.dns_memory import Memory, MemoryKeeper, Standing
from skrytka.mail.admin.types import DnsInfo, RecordInfo
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.events import DnsDrifted, DnsRecovered
from skrytka.store.files import disk_error
from skrytka.store.sql import directory as sql

DAY_MS: Final = 86_400_000
EARLY_MS: Final = 600_000  # a job that comes by the hour is not put off by a day for some seconds


class DnsDrift(AdminPart):
    """Looks at the domains whose last look is a day old; called by the hour."""

    def __init__(self, deps: AdminDeps, dns: DomainDns) -> None:
        super().__init__(deps)
        self._dns = dns

    async def run(self) -> None:
        """TransientError(DNS_TIMEOUT), once until it answers again, when DNS answered nothing about any domain."""
        memory = self._keeper.load()
        hosted = {row.name for row in await self._deps.store.read(sql.domains())}
        known = {name: standing for name, standing in memory.domains.items() if name in hosted}
        due = [name for name in sorted(hosted) if self._is_due(known.get(name))]
        answered = 0
        for name in due:
            info = await self._dns.look(name)
            if all(each.state == "unknown" for each in info.records):
                continue
            answered += 1
            known[name] = self._compared(info, known.get(name))
        is_silent = bool(due) and not answered
        is_silent |= memory.is_silent and not due
        fresh = msgspec.structs.replace(self._keeper.load(), domains=known, is_silent=is_silent)
        if fresh != memory:
            await self._save(fresh)
        if is_silent and not memory.is_silent:
            raise TransientError(Reason.DNS_TIMEOUT, f"DNS answered nothing about {len(due)} domains")

    @property
    def _keeper(self) -> MemoryKeeper:
        if self._deps.dns is None:
            raise PermanentError(Reason.UNSUPPORTED, "this process asks no DNS")
        return self._deps.dns.memory

    async def _save(self, memory: Memory) -> None:
        try:
            await asyncio.to_thread(self._keeper.save, memory)
        except OSError as exc:
            raise disk_error(exc) from exc

    def _is_due(self, standing: Standing | None) -> bool:
        """A clock that went back makes nothing wait."""
        if standing is None:
            return True
        return not 0 <= self._deps.clock.now_ms() - standing.looked_at_ms < DAY_MS - EARLY_MS

    def _compared(self, info: DnsInfo, before: Standing | None) -> Standing:
        """What nobody answered for stays as it was."""
        known = {} if before is None else before.faults
        states = {_key(each): each for each in info.records}
        unknown = {key for key, each in states.items() if each.state == "unknown"}
        faults = {key: each.state for key, each in states.items() if each.is_fault}
        faults |= {key: state for key, state in known.items() if key in unknown}
        came = [key for key, state in faults.items() if known.get(key) != state]
        went = [key for key in known if key not in faults and key in states]
        if came:
            told = tuple(f"{faults[key]} {_name(states[key])}" for key in came)
            self._deps.events.emit(DnsDrifted(domain=info.domain, records=told, faults=len(faults)))
        if went:
            told = tuple(_name(states[key]) for key in went)
            self._deps.events.emit(DnsRecovered(domain=info.domain, records=told, faults=len(faults)))
        return Standing(looked_at_ms=self._deps.clock.now_ms(), faults=faults, unknown=len(unknown))


def _key(record: RecordInfo) -> str:
    return f"{record.type} {record.name} {record.value}"


def _name(record: RecordInfo) -> str:
    return f"{record.type} {record.name}"
