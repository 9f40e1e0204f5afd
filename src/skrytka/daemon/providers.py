"""Composition of providers of other houses: by whom people sign in on the web (docs/directories.md)."""

from collections.abc import Callable
from pathlib import Path

from skrytka.daemon.deliveries import Base
from skrytka.daemon.outside_https import own_addresses
from skrytka.daemon.resolver import resolver_of
from skrytka.mail.identity.openid.provider import Provider, secret_of
from skrytka.model.errors import Reason, TransientError
from skrytka.model.secret import Secret
from skrytka.model.settings import Provider as ProviderSettings
from skrytka.model.settings import Settings
from skrytka.net.client_tls import ClientTls
from skrytka.net.dialer import Dialer
from skrytka.net.https import Https
from skrytka.net.openid import OpenIdProvider
from skrytka.net.outside import OutsideDial
from skrytka.net.sweeper import Sweeper


def providers(base: Base, settings: Settings, sweeper: Sweeper) -> tuple[Provider, ...]:
    """Those that the settings name; they were checked: config_check_providers."""
    return tuple(_provider(base, settings, one, sweeper) for one in settings.providers)


def _provider(base: Base, settings: Settings, one: ProviderSettings, sweeper: Sweeper) -> Provider:
    dial = OutsideDial(
        Dialer(sweeper, settings.outbound.source_addresses, service="provider"),
        own=own_addresses(settings),
        allowed=one.networks,
    )
    resolver = resolver_of(settings.dns, base.layout, base.clock, base.random)
    https = Https(dial, resolver, ClientTls(base.layout.root), ca_file=one.ca_file)
    path = base.layout.root / one.client_secret_file if one.client_secret_file else None
    client = OpenIdProvider(https, one.issuer, base.clock, _secret(path), seconds=one.timeout_s)
    return Provider(one, client, base.clock, base.random)


def _secret(path: Path | None) -> Callable[[], Secret | None]:
    def read() -> Secret | None:
        if path is None:
            return None
        try:
            return secret_of(path.read_bytes())
        except OSError as exc:
            raise TransientError(Reason.BAD_CONFIG, f"{path.name}: {exc.strerror}") from exc

    return read
