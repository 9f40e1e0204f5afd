"""Composition of what orders certificates: accounts with authorities, challenges, the job of the first front."""

from collections.abc import Callable
from functools import partial

from skrytka.daemon.config_files import certificate_files
from skrytka.daemon.layout import Layout
from skrytka.daemon.ordered import certificate_folder, wanted_certificates
from skrytka.daemon.renewals import HasSettings, RenewalDeps, Renewals
from skrytka.daemon.resolver import resolver_of
from skrytka.daemon.tsig_file import key_of
from skrytka.mail.delivery.hosted import HostedDomains
from skrytka.model.address import Domain
from skrytka.model.clock import Clock, Random
from skrytka.model.dns import Server
from skrytka.model.errors import Reason, TransientError
from skrytka.model.events import Emitter
from skrytka.model.secret import Secret
from skrytka.model.settings import AcmeAuthority, Settings
from skrytka.net.acme.challenges import ChallengeFolder
from skrytka.net.acme.dns_challenge import ChallengeZone, DnsChallenges
from skrytka.net.acme.renewer import Renewer, RenewerDeps, Source
from skrytka.net.client_tls import ClientTls
from skrytka.net.dialer import Dialer
from skrytka.net.dns.resolver import Resolver
from skrytka.net.dns.stub import StubResolver
from skrytka.net.https import Https
from skrytka.net.sweeper import Sweeper
from skrytka.protocol.acme.client import AcmeClient
from skrytka.protocol.acme.jose import decode, private_key
from skrytka.protocol.acme.steps import Authority, Kind, Publish
from skrytka.store.seal.source import KeySource

ACME_SUBJECT = "node:acme"


class Publishers:
    """Each kind of challenge to its place."""

    def __init__(self, folder: ChallengeFolder, dns: DnsChallenges, clock: Clock) -> None:
        self._folder = folder
        self._dns = dns
        self._clock = clock

    async def publish(self, wanted: Publish) -> None:
        if wanted.kind is Kind.DNS:
            await self._dns.publish(wanted)
        else:
            self._folder.publish(wanted, self._clock)

    async def withdraw(self, wanted: Publish) -> None:
        if wanted.kind is Kind.DNS:
            await self._dns.withdraw(wanted)
        else:
            self._folder.withdraw(wanted)


def renewals(  # noqa: PLR0913 - it is where everything comes together
    *,
    now: HasSettings,
    layout: Layout,
    hosted: HostedDomains,
    keys: KeySource,
    sweeper: Sweeper,
    changed: Callable[[], None],
    events: Emitter,
    clock: Clock,
    random: Random,
) -> Renewals:
    """The job; what a crash left of challenges is swept away."""
    challenges = ChallengeFolder(layout.challenges)
    challenges.clear()
    folder = certificate_folder(layout)

    async def make(settings: Settings) -> tuple[Renewer, Resolver]:
        resolver = resolver_of(settings.dns, layout, clock, random)
        seed = await keys.node(ACME_SUBJECT)
        tls = ClientTls(layout.root)
        deps = RenewerDeps(
            folder=folder,
            sources=[
                Source(
                    one.directory,
                    AcmeClient(_authority(one, settings, layout), private_key(seed, one.directory), _kinds(settings)),
                    Https(Dialer(sweeper, service="acme"), resolver, tls, ca_file=one.ca_file),
                )
                for one in settings.acme.authorities
            ],
            publisher=Publishers(challenges, _dns_challenges(settings, layout), clock),
            resolver=resolver,
            host=settings.hostname.lower(),
            is_validating=partial(_is_validating, resolver),
            events=events,
            clock=clock,
            random=random,
        )
        return Renewer(deps), resolver

    return Renewals(
        RenewalDeps(
            now=now,
            make=make,
            wanted=lambda settings, hosts: wanted_certificates(settings.acme, settings.hostname, hosts),
            served=partial(certificate_files, layout.root),
            folder=folder,
            hosted=hosted,
            changed=changed,
            events=events,
            clock=clock,
        )
    )


async def _is_validating(resolver: Resolver) -> bool:
    """A zone file of this machine is as good as signed: nobody forges it. TransientError: nobody answers."""
    return await resolver.is_validating() if isinstance(resolver, StubResolver) else True


def _dns_challenges(settings: Settings, layout: Layout) -> DnsChallenges:
    zones = [
        ChallengeZone(
            Domain.parse(one.zone.removesuffix(".")).name,
            Server.parse(one.server),
            partial(key_of, layout.root / one.key_file),
        )
        for one in settings.dns.publish
    ]
    return DnsChallenges(zones, settings.acme.dns_wait_s)


def _kinds(settings: Settings) -> tuple[Kind, ...]:
    return tuple(Kind(name) for name in settings.acme.challenges)


def _authority(one: AcmeAuthority, settings: Settings, layout: Layout) -> Authority:
    key = None
    if one.eab_key_file is not None:
        path = layout.root / one.eab_key_file
        try:
            key = Secret(decode(path.read_text(encoding="ascii").partition("\n")[0].strip()))
        except (OSError, ValueError) as exc:
            raise TransientError(Reason.BAD_CONFIG, f"{path} is no key in base64url: {type(exc).__name__}") from exc
    return Authority(one.directory, settings.acme.contacts, one.eab_kid or "", key)
