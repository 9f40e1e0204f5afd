"""Composition of the outbound courier: one in each front, as far as the limits on connections go round."""

from functools import partial
from pathlib import Path

from skrytka.daemon.layout import Layout
from skrytka.mail.admin.dkim_deps import DkimDeps
from skrytka.mail.delivery.reports import Reports
from skrytka.mail.mailbox.blobs import Blobs
from skrytka.mail.outbox.signing import Signing
from skrytka.mail.queue.bounce import BounceDeps, Bounces
from skrytka.mail.queue.form import Forms, Recoder
from skrytka.mail.queue.guard import Guard
from skrytka.mail.queue.opening import Opener
from skrytka.mail.queue.outbound import OutboundCourier, OutboundDeps
from skrytka.mail.queue.path import Paths
from skrytka.mail.queue.routes import Routes
from skrytka.model.clock import Clock, Random
from skrytka.model.dns import Server
from skrytka.model.events import Emitter
from skrytka.model.secret import Secret
from skrytka.model.settings import Dns, Outbound, Settings
from skrytka.net.client_tls import ClientTls
from skrytka.net.dialer import Dialer
from skrytka.net.dns.resolver import Resolver
from skrytka.net.dns.stub import StubResolver, system_servers
from skrytka.net.dns.zone import StaticZone
from skrytka.net.sweeper import Sweeper
from skrytka.store.api import Store
from skrytka.store.seal.source import KeySource
from skrytka.store.sql.outbound import Share

RESOLV_CONF = Path("/etc/resolv.conf")
SHARES_MAX = 256  # told apart by an octet


def share_of(front: int, fronts: int, settings: Outbound) -> Share | None:
    """Each courier may have a connection to each destination, or it is none."""
    couriers = min(fronts, settings.connections, settings.connections_per_destination, SHARES_MAX)
    return Share(front, couriers) if front < couriers else None


def outbound_courier(  # noqa: PLR0913 - it is where everything comes together
    *,
    share: Share,
    settings: Settings,
    layout: Layout,
    store: Store,
    keys: KeySource,
    blobs: Blobs,
    reports: Reports,
    recoder: Recoder,
    signing: Signing,
    sweeper: Sweeper,
    events: Emitter,
    clock: Clock,
    age: Clock,
    random: Random,
) -> OutboundCourier:
    """PermanentError(BAD_CONFIG) when a zone file cannot be read."""
    forms = Forms(recoder, signing, is_recoding=settings.outbound.is_8bit_recoded)
    paths = _paths(settings, layout, forms, sweeper, events, clock, random)
    bounces = Bounces(
        BounceDeps(
            store=store,
            reports=reports,
            clock=clock,
            expire_s=settings.outbound.expire_s,
        )
    )
    return OutboundCourier(
        OutboundDeps(
            store=store,
            keys=keys,
            blobs=blobs,
            routes=paths.routes,
            paths=paths,
            bounces=bounces,
            events=events,
            clock=clock,
            age=age,
            random=random,
            settings=settings.outbound,
            share=share,
            is_demo=settings.is_demo,
        )
    )


def _paths(
    settings: Settings,
    layout: Layout,
    forms: Forms,
    sweeper: Sweeper,
    events: Emitter,
    clock: Clock,
    random: Random,
) -> Paths:
    resolver = resolver_of(settings.dns, layout, clock, random)
    opener = Opener(
        hostname=settings.hostname,
        dial=Dialer(sweeper, settings.outbound.source_addresses),
        tls=ClientTls(layout.root),
        settings=settings.outbound,
        passwords=partial(_password, layout),
        clock=clock,
        events=events,
    )
    return Paths(
        routes=Routes(settings.outbound, resolver, settings.hostname, random),
        guard=Guard(resolver, clock),
        opener=opener,
        settings=settings.outbound,
        clock=clock,
        forms=forms,
    )


def _password(layout: Layout, name: str) -> Secret:
    return Secret((layout.root / name).read_text(encoding="utf-8").partition("\n")[0].rstrip("\r"))


def dkim_deps(settings: Settings, layout: Layout, clock: Clock, age: Clock, random: Random) -> DkimDeps:
    """Each look-up of keys has a resolver of its own."""
    resolver = partial(resolver_of, settings.dns, layout, clock, random)
    return DkimDeps(resolver=resolver, age=age, settings=settings.dkim)


def resolver_of(settings: Dns, layout: Layout, clock: Clock, random: Random) -> Resolver:
    """The zone file, the resolvers that are named, or those of this machine."""
    if settings.zone_file is not None:
        return StaticZone.load(layout.root / settings.zone_file)
    servers = [Server.parse(text) for text in settings.resolvers] or system_servers(RESOLV_CONF)
    return StubResolver(servers, clock, random, timeout_s=settings.timeout_s)
