"""Composition of the two web applications of the first front: the API for administrators, the pages for people."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from skrytka.mail.admin.commands.base import CommandDeps
from skrytka.mail.identity.login import Identity
from skrytka.mail.identity.oauth.deps import OAuthDeps
from skrytka.mail.identity.openid.provider import Provider
from skrytka.mail.identity.typed_codes import TypedCodes
from skrytka.model.clock import Clock, Random
from skrytka.model.events import Emitter
from skrytka.model.settings import Settings
from skrytka.net.connection import Connection
from skrytka.net.listener import Session
from skrytka.web.api.app import ApiDeps, api_app
from skrytka.web.people.app import PeopleDeps, people_app
from skrytka.web.people.not_me import Locks
from skrytka.web.people.own_security import OwnSecurity
from skrytka.web.people.providers import ProviderDeps
from skrytka.web.session import WebApp, serve_web

DEMO_HOST: Final = "localhost"
HTTPS_PORT: Final = 443


@dataclass(frozen=True, slots=True, kw_only=True)
class WebParts:
    """What they are made of."""

    settings: Settings
    commands: Callable[[], CommandDeps]
    identity: Identity
    own: Callable[[], OwnSecurity]
    oauth: Callable[[], OAuthDeps]
    events: Emitter
    clock: Clock
    random: Random
    locks: Callable[[], Locks] | None = None
    providers: Callable[[], tuple[Provider, ...]] = tuple


class WebApps:
    """Made when the first connection comes: no front but the first needs them."""

    def __init__(self, parts: WebParts) -> None:
        self._parts = parts
        self._made: dict[str, WebApp] = {}
        self._own: OwnSecurity | None = None  # of both applications

    def session(self, name: str) -> Session:
        """What the listener of that name runs; after :meth:`replace` new connections have the new settings."""

        async def serve(conn: Connection) -> None:
            await serve_web(conn, self._app(name))

        return serve

    def replace(self, parts: WebParts) -> None:
        """Go on with these; connections that are open keep what they have."""
        self._parts = parts
        self._made.clear()
        self.close()

    def close(self) -> None:
        """Let go of the files that they keep open."""
        if self._own is not None:
            self._own.changes.close()
        self._own = None

    def _app(self, name: str) -> WebApp:
        if name not in self._made:
            self._made[name] = self._api() if name == "api" else self._people()
        return self._made[name]

    def _security(self) -> OwnSecurity:
        if self._own is None:
            self._own = self._parts.own()
        return self._own

    def _typed_codes(self) -> TypedCodes:
        own = self._security()
        return TypedCodes(own.factors, own.proofs, own.changes)

    def _api(self) -> WebApp:
        parts = self._parts
        return api_app(
            ApiDeps(
                commands=parts.commands(),
                identity=parts.identity,
                factors=self._typed_codes(),
                settings=parts.settings.api,
                clock=parts.clock,
                is_demo=parts.settings.is_demo,
            )
        )

    def _people(self) -> WebApp:
        parts = self._parts
        commands = parts.commands()
        return people_app(
            PeopleDeps(
                hostname=parts.settings.hostname,
                origin=origin(parts.settings),
                identity=parts.identity,
                factors=self._typed_codes(),
                own=self._security(),
                oauth=parts.oauth(),
                programs=commands.admin.programs,
                accounts=commands.admin.accounts,
                apps=commands.admin.app_passwords,
                sessions=commands.admin.sessions,
                logins=commands.logins,
                providers=ProviderDeps(
                    providers=parts.providers(), accounts=commands.admin.provided, origin=origin(parts.settings)
                ),
                events=parts.events,
                clock=parts.clock,
                random=parts.random,
                locks=parts.locks() if parts.locks is not None else None,
            )
        )


def origin(settings: Settings) -> str:
    """How browsers see the people's pages (RFC 6454 6.1)."""
    host = DEMO_HOST if settings.is_demo else settings.hostname.lower()
    port = settings.listeners.web.port
    return f"https://{host}" if port == HTTPS_PORT else f"https://{host}:{port}"
