"""A server whose people come from a provider that a test has in its hand."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from skrytka.mail.admin.admin import Admin
from skrytka.mail.admin.base import AdminDeps
from skrytka.mail.identity.openid.provider import Provider, ProviderPerson
from skrytka.model.secret import Secret
from skrytka.model.settings import DirectoryRole
from skrytka.model.settings import Provider as ProviderSettings
from skrytka.net.client_tls import ClientTls
from skrytka.net.dialer import Dialer
from skrytka.net.dns.zone import StaticZone
from skrytka.net.https import Https
from skrytka.net.openid import OpenIdProvider
from skrytka.net.outside import OutsideDial
from skrytka.net.sweeper import Sweeper
from tests.support.https_server import https_server
from tests.support.openid import CLIENT_ID, HOST, SECRET, FakeProvider
from tests.unit.mail.world import ACTOR, World

ZONE = f"{HOST}:\n  - A: 127.0.0.1\n"
BACK = "https://mail.example.test/sign-in/with/corp/callback"
HELPERS = DirectoryRole(group="mail-help", role="help_desk", domain="example.org")


class OpenIdWorld:
    """``fake`` is the provider, ``provider`` what we make of it."""

    def __init__(self, world: World, fake: FakeProvider, ca_file: Path, **changes: Any) -> None:
        self.world = world
        self.fake = fake
        self._ca_file = str(ca_file)
        self.provider = self.with_settings(**changes)

    def with_settings(self, **changes: Any) -> Provider:
        values: dict[str, Any] = {
            "name": "corp",
            "title": "Corp",
            "issuer": self.fake.issuer,
            "client_id": CLIENT_ID,
            "domains": ("example.org",),
            "roles": (HELPERS,),
        }
        settings = ProviderSettings(**(values | changes))
        world = self.world
        dial = OutsideDial(Dialer(Sweeper(world.clock), service="test"), allowed=("127.0.0.0/8",))
        https = Https(dial, StaticZone.parse(ZONE), ClientTls(), ca_file=self._ca_file)
        client = OpenIdProvider(https, settings.issuer, world.clock, lambda: Secret(SECRET), seconds=5)
        return Provider(settings, client, world.clock, world.random)

    def admin(self) -> Admin:
        world = self.world
        deps = AdminDeps(
            store=world.store,
            keys=world.keys,
            passwords=world.passwords,
            events=world.events,
            clock=world.clock,
            random=world.random,
        )
        return Admin(deps)

    async def ready(self) -> None:
        await self.world.admin.domains.add("example.org", ACTOR)
        self.world.events.events.clear()

    async def come(self, provider: Provider | None = None) -> ProviderPerson:
        """Somebody signs in there and comes back."""
        asked = provider or self.provider
        question = asked.question(BACK)
        query = self.fake.browser(await asked.place(question))
        return await asked.answer(dict(pair.split("=") for pair in _plain(query)), question)


def _plain(query: str) -> list[str]:
    from urllib.parse import unquote

    return [unquote(pair) for pair in query.split("&")]


@contextlib.asynccontextmanager
async def openid_world(world: World, **changes: Any) -> AsyncIterator[OpenIdWorld]:
    fake = FakeProvider(world.clock.now_ms() // 1000)
    folder = world.root / "provider"
    folder.mkdir()
    async with https_server(folder, fake.answer, HOST) as server:
        fake.port = server.port
        made = OpenIdWorld(world, fake, server.ca_file, **changes)
        await made.ready()
        yield made
