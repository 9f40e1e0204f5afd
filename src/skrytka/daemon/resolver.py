"""Whom this installation asks for DNS."""

from pathlib import Path

from skrytka.daemon.layout import Layout
from skrytka.model.clock import Clock, Random
from skrytka.model.dns import Server
from skrytka.model.settings import Dns
from skrytka.net.dns.resolver import Resolver
from skrytka.net.dns.stub import StubResolver, system_servers
from skrytka.net.dns.zone import StaticZone

RESOLV_CONF = Path("/etc/resolv.conf")


def resolver_of(settings: Dns, layout: Layout, clock: Clock, random: Random) -> Resolver:
    """The zone file, the resolvers that are named, or those of this machine."""
    if settings.zone_file is not None:
        return StaticZone.load(layout.root / settings.zone_file)
    servers = [Server.parse(text) for text in settings.resolvers] or system_servers(RESOLV_CONF)
    return StubResolver(servers, clock, random, timeout_s=settings.timeout_s)
