"""An authorization server on a real store, and short ways to say what programs and people do."""

import hashlib
import json
from base64 import urlsafe_b64encode
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec

from skrytka.mail.identity.oauth.authorizations import Authorizations, Person
from skrytka.mail.identity.oauth.clients import Clients
from skrytka.mail.identity.oauth.deps import OAuthDeps
from skrytka.mail.identity.oauth.devices import Devices
from skrytka.mail.identity.oauth.endpoints import Asking, Endpoints
from skrytka.mail.identity.oauth.keys import OAuthKeys
from skrytka.mail.identity.oauth.mint import Made
from skrytka.model.settings import OAuth
from skrytka.net.limits import LimitTable, LocalLimits
from skrytka.protocol.oauth.answers import Answer
from skrytka.store.commands.oauth import AddOAuthClient
from tests.unit.mail.support import PeerFacts
from tests.unit.mail.world import World

ISSUER = "https://mail.example.test"
PLACE = "http://127.0.0.1:49152/callback"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
ALL = "imap smtp openid email offline_access"


class Case:
    """Everything of one test."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.keys = OAuthKeys(world.keys, world.random)
        self.settings = OAuth()
        self.deps = OAuthDeps(
            store=world.store,
            keys=self.keys,
            clients=Clients(world.store, self.keys),
            limits=LocalLimits(LimitTable(world.clock)),
            events=world.events,
            clock=world.clock,
            random=world.random,
            issuer=ISSUER,
            settings=lambda: self.settings,
        )
        self.endpoints = Endpoints(self.deps)
        self.authorizations = Authorizations(self.deps)
        self.devices = Devices(self.deps)

    def set(self, **changes: Any) -> None:
        self.settings = msgspec.structs.replace(self.settings, **changes)

    async def person(self, name: str = "alice") -> Person:
        return Person(await self.world.account(name), f"{name}@example.test", self.world.clock.now_ms())

    async def confidential(self, client: str = "web", *, scopes: str = ALL) -> Made:
        """A client with a secret."""
        secret = (await self.keys.mint()).client_secret()
        command = AddOAuthClient(
            unit=self.deps.unit(),
            client=client,
            name="Web mail",
            redirect_uris=("https://web.example.org/cb",),
            scopes=scopes,
            secret_mac=secret.mac,
        )
        await self.world.store.submit(command)
        return secret

    async def ask(self, endpoint: str, *, authorization: str = "", remote: str = "192.0.2.7", **fields: str) -> Answer:
        asking = Asking(
            urlencode(fields).encode(), "application/x-www-form-urlencoded", authorization, PeerFacts(remote=remote)
        )
        answer: Answer = await getattr(self.endpoints, endpoint)(asking)
        return answer

    async def code(self, name: str = "alice", *, scope: str = ALL, **changes: str) -> str:
        """A code that somebody allowed ``mail-program`` to have."""
        asked = await self.authorizations.asked(fields(scope=scope, **changes))
        return answered(await self.authorizations.allow(asked, await self.person(name)))["code"]

    async def redeem(self, shown: str, **changes: str) -> Answer:
        values = {
            "grant_type": "authorization_code",
            "client_id": "mail-program",
            "code": shown,
            "redirect_uri": PLACE,
            "code_verifier": VERIFIER,
        }
        return await self.ask("token", **(values | changes))

    async def tokens(self, name: str = "alice", *, scope: str = ALL) -> dict[str, Any]:
        return content(await self.redeem(await self.code(name, scope=scope)))

    async def refresh(self, token: str, **changes: str) -> Answer:
        values = {"grant_type": "refresh_token", "client_id": "mail-program", "refresh_token": token}
        return await self.ask("token", **(values | changes))


def fields(**changes: str) -> dict[str, str]:
    values = {
        "response_type": "code",
        "client_id": "mail-program",
        "redirect_uri": PLACE,
        "scope": ALL,
        "state": "xyz",
        "nonce": "n-1",
        "code_challenge": urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    return {name: value for name, value in (values | changes).items() if value}


def answered(location: str) -> dict[str, str]:
    """What a browser brings back to the program."""
    return dict(parse_qsl(urlsplit(location).query))


def content(answer: Answer) -> dict[str, Any]:
    assert answer.status == 200, answer.body
    found: dict[str, Any] = json.loads(answer.body)
    return found


def error_of(answer: Answer) -> str:
    assert answer.status >= 400
    return str(json.loads(answer.body)["error"])
