"""What the records of hosted domains follow from on this machine: settings, and the certificates of its listeners."""

import ipaddress
from collections.abc import Iterable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from skrytka.daemon.config_check import named_listeners
from skrytka.daemon.config_files import certificate_files
from skrytka.daemon.dns_file import DnsFile
from skrytka.daemon.layout import Layout
from skrytka.daemon.outbound import resolver_of
from skrytka.daemon.public import published_policy
from skrytka.daemon.tsig_file import key_of
from skrytka.mail.admin.dns_deps import DnsDeps, Zone
from skrytka.model.address import Domain
from skrytka.model.clock import Clock, Random
from skrytka.model.dns import Server
from skrytka.model.settings import Listener, PublishZone, Settings
from skrytka.protocol.published.wanted import PORTS, Served


def dns_deps(settings: Settings, layout: Layout, clock: Clock, random: Random) -> DnsDeps:
    """Nothing is read before it is asked for."""
    listeners = {name: one for name, one in named_listeners(settings).items() if one.is_enabled}
    addresses = settings.dns.addresses or _public(listeners["smtp"].addresses if "smtp" in listeners else ())
    return DnsDeps(
        resolver=lambda: resolver_of(settings.dns, layout, clock, random),
        memory=DnsFile(layout.dns_memory),
        hostname=Domain.parse(settings.hostname).name,
        ports={name: one.port for name, one in listeners.items()},
        addresses=_canonical(addresses),
        senders=_canonical(settings.dns.addresses or _public(settings.outbound.source_addresses)),
        served=lambda: served(settings, layout, listeners),
        policy_id=lambda _domain: policy_id(settings),
        zones=tuple(_zone(one, layout) for one in settings.dns.publish),
    )


def served(settings: Settings, layout: Layout, listeners: dict[str, Listener]) -> tuple[Served, ...]:
    """The chains of the certificate files, at the ports where TLSA names them; a file that is no chain has none.

    Other servers come to port 25, wherever it leads on this machine.
    """
    chains = [chain for files in certificate_files(layout.root, settings) if (chain := _chain(files.certificate))]
    ports = [port if name == "smtp" else listeners[name].port for name, port in PORTS.items() if name in listeners]
    return tuple(Served(port, chain) for port in ports for chain in chains)


def _zone(one: PublishZone, layout: Layout) -> Zone:
    server = Server.parse(one.server)
    return Zone(
        name=Domain.parse(one.zone.removesuffix(".")).name,
        server=server,
        place=f"{server.address} {server.port}",
        read_key=lambda: key_of(layout.root / one.key_file),
    )


def policy_id(settings: Settings) -> str:
    """Of the MTA-STS policy that port 443 serves; "" where none is."""
    policy = published_policy(settings) if settings.listeners.https.is_enabled else None
    return "" if policy is None else policy.id


def _chain(path: Path) -> tuple[bytes, ...]:
    try:
        certificates = x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError):  # the listeners tell of it
        return ()
    return tuple(one.public_bytes(Encoding.DER) for one in certificates)


def _public(addresses: Iterable[str]) -> tuple[str, ...]:
    """Those that others can reach; what listens on all addresses names none."""
    return tuple(text for text in addresses if ipaddress.ip_address(text).is_global)


def _canonical(addresses: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(ipaddress.ip_address(text)) for text in addresses))
