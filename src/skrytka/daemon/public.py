"""Composition of the public web role."""

from skrytka.mail.delivery.hosted import HostedDomains
from skrytka.model.clock import Clock
from skrytka.model.settings import Settings
from skrytka.protocol.tlspolicy.published import PublishedPolicy
from skrytka.web.public.deps import PublicDeps


class NoChallenges:
    """Nothing is ordered from any authority."""

    def http(self, token: str) -> bytes | None:
        return None


def public_deps(settings: Settings, hosted: HostedDomains, clock: Clock) -> PublicDeps:
    """Of the settings of now."""
    return PublicDeps(
        hostname=settings.hostname.lower(),
        is_hosted=hosted.has,
        challenges=NoChallenges(),
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
