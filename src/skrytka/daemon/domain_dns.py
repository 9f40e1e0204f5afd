"""What the records of hosted domains follow from on this machine: settings, and the certificates of its listeners."""

import ipaddress
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from skrytka.daemon.config_check import named_listeners
from skrytka.daemon.config_files import certificate_files
from skrytka.daemon.dns_file import DnsFile
from skrytka.daemon.layout import Layout
from skrytka.daemon.ordered import certificate_folder, wanted_certificates
from skrytka.daemon.public import published_policy
from skrytka.daemon.resolver import resolver_of
from skrytka.daemon.tsig_file import key_of
from skrytka.mail.admin.dns_deps import DnsDeps, Zone
from skrytka.model.address import Domain
from skrytka.model.clock import Clock, Random
from skrytka.model.dns import Server, Tlsa
from skrytka.model.settings import Listener, PublishZone, Settings
from skrytka.net.acme.files import names_of
from skrytka.net.client_tls import ClientTls
from skrytka.net.dialer import Dialer
from skrytka.net.dns.authority import PORT
from skrytka.net.dns.resolver import Resolver
from skrytka.net.facts import Networks
from skrytka.net.https import Https
from skrytka.net.outside import OutsideDial
from skrytka.net.sweeper import Sweeper
from skrytka.net.tls import CertificateFiles
from skrytka.protocol.published.wanted import PORTS, Association, Served


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
        next_associations=lambda: next_associations(settings, layout, listeners),
        issuers=lambda: issuers(settings, layout),
        policy_id=lambda _domain: policy_id(settings),
        port=None if settings.dns.zone_file is not None else PORT,
        server_networks=Networks(settings.dns.server_networks),
        https=None if settings.is_demo else partial(_https, settings, ClientTls(layout.root), clock),
        block_lists=_names(settings.dns.block_lists),
        domain_block_lists=_names(settings.dns.domain_block_lists),
        is_block_list_tested=settings.dns.is_block_list_tested,
        zones=tuple(_zone(one, layout) for one in settings.dns.publish),
    )


def _https(settings: Settings, tls: ClientTls, clock: Clock, resolver: Resolver) -> Https:
    """``tls`` is one for all looks: it reads the authorities once.

    Where the policy is fetched from is for the domain's DNS to say, and that need not be who runs this server: public
    addresses, ours too since that is where the policy stands, and those behind us that the settings name.
    """
    dial = Dialer(Sweeper(clock), settings.outbound.source_addresses, service="dns")
    allowed = (*settings.dns.server_networks, *settings.dns.addresses)
    outside = OutsideDial(dial, allowed=allowed, is_self_reached=True)
    return Https(outside, resolver, tls, ca_file=settings.outbound.ca_file)


def _names(zones: Iterable[str]) -> tuple[str, ...]:
    return tuple(zone.lower().strip(".") for zone in zones)


def served(settings: Settings, layout: Layout, listeners: dict[str, Listener]) -> tuple[Served, ...]:
    """The chains that are shown for the server's name, at the ports where TLSA names them.

    Other servers come to port 25, wherever it leads on this machine.
    """
    chains = _shown(certificate_files(layout.root, settings), settings.hostname.lower())
    return tuple(Served(port, chain) for port in _ports(listeners) for chain in chains)


def next_associations(settings: Settings, layout: Layout, listeners: dict[str, Listener]) -> tuple[Association, ...]:
    """TLSA records of the keys that the next certificates for the server's name have."""
    folder, host = certificate_folder(layout), settings.hostname.lower()
    wanted = [one for one in wanted_certificates(settings.acme, host) if host in one.names]
    digests = [digest for one in wanted if (digest := folder.next_digest(one))]
    return tuple(Association(port, Tlsa(3, 1, 1, digest)) for port in _ports(listeners) for digest in digests)


def issuers(settings: Settings, layout: Layout) -> tuple[str, ...]:
    """What CAA records call the authorities that gave certificates."""
    if not settings.acme.authorities:
        return ()
    states = certificate_folder(layout).states()
    return tuple(dict.fromkeys(name for state in states.values() for name in state.issuers))


def _ports(listeners: dict[str, Listener]) -> list[int]:
    return [port if name == "smtp" else listeners[name].port for name, port in PORTS.items() if name in listeners]


def _shown(files: Iterable[CertificateFiles], host: str) -> list[tuple[bytes, ...]]:
    """As ``net.tls`` chooses: the first that names the host, and one with another kind of key for the same names."""
    leaves = [(leaf, chain) for one in files if (chain := _chain(one.certificate)) for leaf in (_leaf(chain),)]
    names = next((found for leaf, _ in leaves if host in (found := names_of(leaf))), None)
    if names is None:
        names = names_of(leaves[0][0]) if leaves else frozenset()
    kinds: dict[str, tuple[bytes, ...]] = {}
    for leaf, chain in leaves:
        if names_of(leaf) == names:
            kinds.setdefault(type(leaf.public_key()).__name__, chain)
    return list(kinds.values())


def _leaf(chain: tuple[bytes, ...]) -> x509.Certificate:
    return x509.load_der_x509_certificate(chain[0])


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
