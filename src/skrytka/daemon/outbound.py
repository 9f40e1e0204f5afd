"""Composition of the outbound courier: one in each front, as far as the limits on connections go round."""

from dataclasses import dataclass
from functools import partial

from skrytka.daemon.dnssec import FAULT, WATCH_S, DnssecWatch
from skrytka.daemon.jobs import Periodic
from skrytka.daemon.layout import Layout
from skrytka.daemon.resolver import resolver_of
from skrytka.mail.admin.dkim_deps import DkimDeps
from skrytka.mail.delivery.reports import Reports
from skrytka.mail.mailbox.blobs import Blobs
from skrytka.mail.outbox.signing import Signing
from skrytka.mail.queue.bounce import BounceDeps, Bounces
from skrytka.mail.queue.form import Forms, Recoder
from skrytka.mail.queue.guard import Guard
from skrytka.mail.queue.kept import KeptPolicies
from skrytka.mail.queue.opening import Opener
from skrytka.mail.queue.outbound import OutboundCourier, OutboundDeps
from skrytka.mail.queue.path import Paths
from skrytka.mail.queue.routes import Routes
from skrytka.mail.queue.sts import StsDeps, StsPolicies
from skrytka.model.clock import Clock, Random
from skrytka.model.events import Emitter
from skrytka.model.secret import Secret
from skrytka.model.settings import Outbound, Settings
from skrytka.net.client_tls import ClientTls
from skrytka.net.dialer import Dialer
from skrytka.net.dns.resolver import Resolver
from skrytka.net.https import Https
from skrytka.net.sweeper import Sweeper
from skrytka.store.api import Store
from skrytka.store.seal.source import KeySource
from skrytka.store.sql.outbound import Share

REFRESH_S = 3600.0
SHARES_MAX = 256  # told apart by an octet


def share_of(front: int, fronts: int, settings: Outbound) -> Share | None:
    """Each courier may have a connection to each destination, or it is none."""
    couriers = min(fronts, settings.connections, settings.connections_per_destination, SHARES_MAX)
    return Share(front, couriers) if front < couriers else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """What a front brings to its courier."""

    share: Share
    settings: Settings
    layout: Layout
    store: Store
    keys: KeySource
    blobs: Blobs
    reports: Reports
    recoder: Recoder
    signing: Signing | None
    sweeper: Sweeper
    events: Emitter
    clock: Clock
    age: Clock
    random: Random


def outbound_courier(with_: Sending) -> tuple[OutboundCourier, tuple[Periodic, ...]]:
    """The courier, and what one process of the node does beside it. PermanentError(BAD_CONFIG): no zone file."""
    settings = with_.settings.outbound
    resolver = resolver_of(with_.settings.dns, with_.layout, with_.clock, with_.random)
    opener = _opener(with_)
    sts = _sts_policies(with_, resolver, opener)
    paths = Paths(
        routes=Routes(settings, resolver, with_.settings.hostname, with_.random),
        guard=Guard(resolver, with_.clock, sts, settings.tls_demands),
        opener=opener,
        settings=settings,
        clock=with_.clock,
        forms=Forms(with_.recoder, with_.signing, is_recoding=settings.is_8bit_recoded),
    )
    bounces = BounceDeps(store=with_.store, reports=with_.reports, clock=with_.clock, expire_s=settings.expire_s)
    courier = OutboundCourier(
        OutboundDeps(
            store=with_.store,
            keys=with_.keys,
            blobs=with_.blobs,
            routes=paths.routes,
            paths=paths,
            bounces=Bounces(bounces),
            events=with_.events,
            clock=with_.clock,
            age=with_.age,
            random=with_.random,
            settings=settings,
            share=with_.share,
            is_demo=with_.settings.is_demo,
        )
    )
    watch = DnssecWatch(resolver, with_.events, with_.clock)
    return courier, (Periodic("F-mta-sts", sts.refresh, REFRESH_S), Periodic(FAULT, watch.run, WATCH_S))


def _opener(with_: Sending) -> Opener:
    settings = with_.settings.outbound
    return Opener(
        hostname=with_.settings.hostname,
        dial=Dialer(with_.sweeper, settings.source_addresses),
        tls=ClientTls(with_.layout.root),
        settings=settings,
        passwords=partial(_password, with_.layout),
        clock=with_.clock,
        events=with_.events,
    )


def _sts_policies(with_: Sending, resolver: Resolver, opener: Opener) -> StsPolicies:
    ca_file = with_.settings.outbound.ca_file
    return StsPolicies(
        StsDeps(
            kept=KeptPolicies(with_.store, with_.keys, with_.clock, with_.random),
            https=Https(opener.dial, resolver, opener.tls, ca_file=ca_file),
            resolver=resolver,
            clock=with_.clock,
            age=with_.age,
            events=with_.events,
        )
    )


def _password(layout: Layout, name: str) -> Secret:
    return Secret((layout.root / name).read_text(encoding="utf-8").partition("\n")[0].rstrip("\r"))


def dkim_deps(settings: Settings, layout: Layout, clock: Clock, age: Clock, random: Random) -> DkimDeps:
    """Each look-up of keys has a resolver of its own."""
    resolver = partial(resolver_of, settings.dns, layout, clock, random)
    return DkimDeps(resolver=resolver, age=age, settings=settings.dkim)
