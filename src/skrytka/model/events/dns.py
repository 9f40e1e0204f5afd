"""Events about what hosted domains publish in DNS."""

from skrytka.model.events.admin import AdminEvent
from skrytka.model.events.system import SystemEvent


class DnsDrifted(SystemEvent, frozen=True, kw_only=True):
    """Records that a domain needs are missing or wrong, and were not at the look before."""

    domain: str
    records: tuple[str, ...]  # "missing TXT _dmarc.example.org"
    faults: int  # of the domain, with those that are known


class DnsRecovered(SystemEvent, frozen=True, kw_only=True):
    """Records that were missing or wrong are right."""

    domain: str
    records: tuple[str, ...]  # "MX example.org"
    faults: int  # that are left


class DnsPublished(AdminEvent, frozen=True, kw_only=True):
    """Records were added to or taken from a zone by dynamic update (RFC 2136)."""

    PERSONAL = frozenset({"actor"})
    actor: str
    domain: str
    zone: str
    added: tuple[str, ...]  # "example.org. 3600 IN MX 10 mail.example.org."
    removed: tuple[str, ...]
