"""Composition of the public web role."""

from skrytka.daemon.layout import Layout
from skrytka.mail.delivery.hosted import HostedDomains
from skrytka.model.clock import Clock
from skrytka.model.settings import Settings
from skrytka.net.acme.challenges import ChallengeFolder
from skrytka.protocol.tlspolicy.published import PublishedPolicy
from skrytka.web.public.deps import PublicDeps


def public_deps(settings: Settings, layout: Layout, hosted: HostedDomains, clock: Clock) -> PublicDeps:
    """Of the settings of now."""
    return PublicDeps(
        hostname=settings.hostname.lower(),
        is_hosted=hosted.has,
        challenges=ChallengeFolder(layout.challenges),
        policy=published_policy(settings),
        security_txt=settings.security_txt,
        is_redirecting=settings.listeners.https.is_enabled,
        clock=clock,
    )


def published_policy(settings: Settings) -> PublishedPolicy | None:
    """The MTA-STS policy of every hosted domain; None where the settings want none."""
    wanted = settings.mta_sts
    if wanted.mode == "off":
        return None
    mx = wanted.mx or (settings.hostname,)
    return PublishedPolicy(mode=wanted.mode, mx=tuple(host.lower() for host in mx), max_age_s=wanted.max_age_s)
