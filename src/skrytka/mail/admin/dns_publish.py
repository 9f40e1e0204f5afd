"""Publishing: what is missing goes into the zone, what is ours and not wanted any more comes out, and nothing else.

Ours is what we have put there (``dns_memory``). Records of others that are wrong are told, and left to their owner.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from skrytka.mail.admin.base import AdminDeps, AdminPart
from skrytka.mail.admin.dns import DomainDns
from skrytka.mail.admin.dns_deps import DnsDeps, Zone
from skrytka.mail.admin.dns_memory import Published
from skrytka.mail.admin.types import DnsPlan, DnsPublication, RecordInfo, ZonePlan
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.events import DnsPublished
from skrytka.net.dns.update import update
from skrytka.protocol.published.finding import Problem, State
from skrytka.protocol.published.text import TTL_S
from skrytka.protocol.published.wanted import LOOKED_AT, Kind, is_within
from skrytka.store.files import disk_error

_ADDED: Final = frozenset({Problem.ABSENT, Problem.TLSA_OTHER, Problem.TLSA_NEXT_MISSING})  # takes nobody's place
_OF_THE_HOST: Final = frozenset({"TLSA"})  # all domains want the same, and an old one goes when the new ones are there
_NOT_WRITTEN: Final = LOOKED_AT | {Kind.REVERSE}


class DnsPublishing(AdminPart):
    """Part of Admin."""

    def __init__(self, deps: AdminDeps, dns: DomainDns) -> None:
        super().__init__(deps)
        self._dns = dns

    async def plan(self, name: str) -> DnsPlan:
        """What would be done; PermanentError(UNSUPPORTED) when no zone of the settings has any of it."""
        info = await self._dns.look(name)
        zones = self._settings.zones
        written = [each for each in info.records if Kind(each.kind) not in _NOT_WRITTEN and each.value]
        touched = [zone for zone in zones if any(_zone_of(each.name, zones) == zone for each in written)]
        if not touched:
            detail = f"no zone of [[dns.publish]] in the settings holds {info.domain}: name its server and key there"
            raise PermanentError(Reason.UNSUPPORTED, detail)
        by_zone = {zone.name: [each for each in written if _zone_of(each.name, zones) == zone] for zone in touched}
        published = self._settings.memory.load().published
        return DnsPlan(
            domain=info.domain,
            zones=tuple(_zone_plan(zone, by_zone[zone.name], published, info.domain) for zone in touched),
            elsewhere=tuple(_line(each) for each in written if _zone_of(each.name, zones) is None and each.is_fault),
        )

    async def publish(self, name: str, confirmed: DnsPlan, actor: str) -> DnsPublication:
        """Exactly what was confirmed: NOT_PERMITTED when it would be something else by now."""
        plan = await self.plan(name)
        if plan != confirmed:
            raise PermanentError(Reason.NOT_PERMITTED, "DNS is not what it was a moment ago: look at the changes again")
        for one in plan.zones:
            if one.add or one.remove:
                await self._publish_zone(plan.domain, one, actor)
        return DnsPublication(domain=plan.domain, undo=tuple(line for one in plan.zones for line in _undo(one)))

    async def _publish_zone(self, domain: str, plan: ZonePlan, actor: str) -> None:
        zone = next(each for each in self._settings.zones if each.name == plan.zone)
        await update(zone.server, zone.name, zone.read_key(), add=plan.add, remove=plan.remove)
        self._deps.events.emit(
            DnsPublished(actor=actor, domain=domain, zone=plan.zone, added=plan.add, removed=plan.remove)
        )
        keeper = self._settings.memory
        memory = keeper.load()
        ours = dict.fromkeys((*memory.published, *(Published(domain, line) for line in plan.add)))
        kept = tuple(one for one in ours if one.line not in plan.remove)
        try:
            await asyncio.to_thread(keeper.save, msgspec.structs.replace(memory, published=kept))
        except OSError as exc:
            raise disk_error(exc) from exc

    @property
    def _settings(self) -> DnsDeps:
        if self._deps.dns is None:
            raise PermanentError(Reason.UNSUPPORTED, "this process asks no DNS")
        return self._deps.dns


def _zone_plan(zone: Zone, records: Sequence[RecordInfo], published: Iterable[Published], domain: str) -> ZonePlan:
    """A name that nobody answered for is left as it is."""
    by_key: dict[tuple[str, str], list[RecordInfo]] = {}
    for each in records:
        by_key.setdefault((each.name, each.type), []).append(each)
    remove = [
        one.line
        for one in published
        if is_within(_key(one.line)[0], zone.name)
        and (one.domain == domain or _key(one.line)[1] in _OF_THE_HOST)
        and _is_over(one.line, by_key.get(_key(one.line), []), is_of_domain=one.domain == domain)
    ]
    replaced = {_key(line) for line in remove}
    faults = [each for each in records if each.is_fault]
    add = [each for each in faults if each.problem in _ADDED or (each.name, each.type) in replaced]
    left = [each for each in faults if each not in add]
    return ZonePlan(
        zone=zone.name,
        server=zone.place,
        add=tuple(map(_line, add)),
        remove=tuple(dict.fromkeys(remove)),
        left=tuple(map(_line, left)),
    )


def _is_over(line: str, wanted: Sequence[RecordInfo], *, is_of_domain: bool) -> bool:
    """Whether a record of ours goes: nobody wants it, or what is wanted takes its place or is there beside it."""
    if any(_line(each) == line or each.state == State.UNKNOWN for each in wanted):
        return False
    if not wanted:
        return is_of_domain
    is_beside = _key(line)[1] in _OF_THE_HOST and all(each.value in each.found for each in wanted)
    return is_beside or any(each.is_fault for each in wanted)


def _zone_of(name: str, zones: Sequence[Zone]) -> Zone | None:
    """The nearest one."""
    return max((zone for zone in zones if is_within(name, zone.name)), key=lambda zone: len(zone.name), default=None)


def _line(record: RecordInfo) -> str:
    return f"{record.name}. {TTL_S} IN {record.type} {record.value}"


def _key(line: str) -> tuple[str, str]:
    name, _ttl, _class, rdtype, _value = line.split(" ", 4)
    return name.removesuffix("."), rdtype


def _undo(plan: ZonePlan) -> list[str]:
    """For nsupdate(1): what was added goes, what was removed comes back."""
    if not (plan.add or plan.remove):
        return []
    back = [f"update delete {line}" for line in plan.add] + [f"update add {line}" for line in plan.remove]
    return [f"server {plan.server}", f"zone {plan.zone}", *back, "send"]
