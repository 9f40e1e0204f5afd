"""The client that posts to where a stranger's DNS says: what it may reach, as the settings have it."""

from collections.abc import Iterator

from skrytka.model.settings import Settings
from skrytka.net.client_tls import ClientTls
from skrytka.net.dialer import Dialer
from skrytka.net.dns.resolver import Resolver
from skrytka.net.https import Https
from skrytka.net.outside import OutsideDial
from skrytka.net.sweeper import Sweeper

_ANY = frozenset({"0.0.0.0", "::"})  # noqa: S104 - what is left out


def outside_https(settings: Settings, resolver: Resolver, tls: ClientTls, sweeper: Sweeper) -> Https:
    """Certificates are verified, though RFC 8460 3 would let us not: a report says with whom people here write."""
    dial = Dialer(sweeper, settings.outbound.source_addresses, service="reports")
    outside = OutsideDial(dial, own=own_addresses(settings), allowed=settings.reports.https_networks)
    return Https(outside, resolver, tls, ca_file=settings.outbound.ca_file)


def own_addresses(settings: Settings) -> Iterator[str]:
    """Those that the settings name."""
    yield from settings.dns.addresses
    yield from settings.outbound.source_addresses
    listeners = settings.listeners
    for name in listeners.__struct_fields__:
        yield from (each for each in getattr(listeners, name).addresses if each not in _ANY)
