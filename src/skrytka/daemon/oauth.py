"""Composition of the authorization server (docs/oauth.md)."""

from collections.abc import Callable

from skrytka.daemon.deliveries import Base
from skrytka.daemon.web import origin
from skrytka.mail.identity.oauth.clients import Clients
from skrytka.mail.identity.oauth.deps import OAuthDeps
from skrytka.mail.identity.oauth.keys import OAuthKeys
from skrytka.mail.identity.tokens import Tokens
from skrytka.mail.identity.types import Credentials
from skrytka.model.settings import Settings


def oauth_deps(base: Base, settings: Callable[[], Settings]) -> OAuthDeps:
    """Of the front that has the pages."""
    keys = OAuthKeys(base.keys, base.random)
    is_well_known_taken = settings().oauth.is_well_known_taken
    return OAuthDeps(
        store=base.store,
        keys=keys,
        clients=Clients(base.store, keys, is_well_known_taken=is_well_known_taken),
        limits=base.limits,
        events=base.events,
        clock=base.clock,
        random=base.random,
        issuer=origin(settings()),
        settings=lambda: settings().oauth,
    )


def tokens(base: Base, credentials: Credentials) -> Tokens | None:
    """What takes tokens, of any front; None where nobody can have any."""
    if not base.settings.listeners.web.is_enabled:
        return None
    return Tokens(base.store, OAuthKeys(base.keys, base.random), credentials, base.clock, origin(base.settings))
