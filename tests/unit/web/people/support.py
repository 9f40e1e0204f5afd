"""The people's application over a real store, and a browser that keeps its cookie."""

import re
from html import unescape
from typing import Any
from urllib.parse import urlencode

from skrytka.mail.identity.access_deps import AccessDeps
from skrytka.mail.identity.app_passwords import AppPasswords
from skrytka.mail.identity.certificates import ClientCertificates
from skrytka.mail.identity.change import ChangeDeps, PasswordChanges
from skrytka.mail.identity.directory import StoredCredentials
from skrytka.mail.identity.factors import FactorDeps
from skrytka.mail.identity.factors import Factors as OwnFactors
from skrytka.mail.identity.gate import Gate
from skrytka.mail.identity.last_use import LastUses
from skrytka.mail.identity.login import Identity
from skrytka.mail.identity.openid.links import Links
from skrytka.mail.identity.passwords import RecentLogins
from skrytka.mail.identity.policy import PasswordPolicy
from skrytka.mail.identity.programs import MailPrograms
from skrytka.mail.identity.proofs import Proofs
from skrytka.mail.identity.scram import ScramProofs
from skrytka.mail.identity.types import Login, Peer
from skrytka.mail.identity.webauthn import WebAuthn
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.secret import Secret
from skrytka.model.settings import Login as LoginSettings
from skrytka.model.settings import Passwords as PasswordSettings
from skrytka.net.limits import LimitTable, LocalLimits
from skrytka.protocol.http.server import Response
from skrytka.web.people.app import PeopleDeps, people_app
from skrytka.web.people.own_security import OwnSecurity
from skrytka.web.people.providers import ProviderDeps
from tests.unit.mail.identity.oauth.support import ISSUER, Case
from tests.unit.mail.world import World
from tests.unit.web.support import asked

FORM = "application/x-www-form-urlencoded"


class Factors:
    """``123456`` is right, for who needs it."""

    def __init__(self) -> None:
        self.needed = False
        self.is_bare = False
        self.is_given = False
        self.is_busy = False

    async def is_needed(self, login: Login) -> bool:
        return self.needed

    async def must_enrol(self, login: Login) -> bool:
        return self.is_bare

    async def must_change(self, login: Login) -> bool:
        return self.is_given

    async def check(self, login: Login, code: Secret, peer: Peer) -> None:
        if self.is_busy:
            raise TransientError(Reason.RATE_LIMITED)
        if code.reveal() != b"123456":
            raise PermanentError(Reason.BAD_CREDENTIALS)


class People:
    """One browser at the application."""

    def __init__(self, world: World, providers: ProviderDeps | None = None) -> None:
        self.world = world
        self.case = Case(world)
        self.factors = Factors()
        self.kept: dict[str, str] = {}
        gate = Gate(LocalLimits(LimitTable(world.clock)), LoginSettings(), world.events, Secret(b"n" * 32))
        self.identity = Identity(
            StoredCredentials(world.store, world.clock, world.random),
            world.passwords,
            RecentLogins(world.clock, world.random),
            gate,
            world.clock,
            None if providers is None else programs_of(world, providers),
        )
        limits = LocalLimits(LimitTable(world.clock))
        made = OwnFactors(
            FactorDeps(
                store=world.store,
                keys=world.keys,
                events=world.events,
                clock=world.clock,
                random=world.random,
                webauthn=WebAuthn("mail.example.test", frozenset({ISSUER}), world.clock, world.random),
            )
        )
        changes = ChangeDeps(
            store=world.store,
            keys=world.keys,
            passwords=world.passwords,
            events=world.events,
            clock=world.clock,
            random=world.random,
        )
        policy = PasswordPolicy(PasswordSettings(), world.root / "none", world.events)
        self.own = OwnSecurity(
            factors=made,
            proofs=Proofs(made, limits),
            changes=PasswordChanges(changes, policy, limits),
            identity=self.identity,
            clock=world.clock,
            random=world.random,
        )
        self.deps = PeopleDeps(
            hostname="mail.example.test",
            origin=ISSUER,
            identity=self.identity,
            factors=self.factors,
            own=self.own,
            oauth=self.case.deps,
            programs=world.admin.programs,
            accounts=world.admin.accounts,
            apps=world.admin.app_passwords,
            sessions=world.admin.sessions,
            providers=providers or ProviderDeps(providers=(), accounts=world.admin.provided, origin=ISSUER),
            events=world.events,
            clock=world.clock,
            random=world.random,
        )
        self.web = people_app(self.deps)

    async def get(self, target: str, **fields: str) -> Response:
        return await self._ask(asked("GET", target, b"", **(self._sent() | fields)))

    async def post(self, target: str, values: dict[str, str], **fields: str) -> Response:
        sent = {"content_type": FORM, "sec_fetch_site": "same-origin"} | self._sent() | fields
        return await self._ask(asked("POST", target, urlencode(values).encode(), **sent))

    async def sign_in(self, after: str = "/device", name: str = "alice", password: str = "correct horse") -> Response:
        return await self.post("/sign-in", {"next": after, "address": f"{name}@example.test", "password": password})

    def _sent(self) -> dict[str, str]:
        return {"cookie": self.cookie} if self.cookie else {}

    async def _ask(self, request: Any) -> Response:
        response = await self.web.app(request)
        for name, value in response.fields:
            if name == "Set-Cookie":
                self._keep(value)
        return response

    def _keep(self, field: str) -> None:
        cookie, _, rest = field.partition(";")
        name, _, value = cookie.partition("=")
        self.kept[name] = value
        if "Max-Age=0" in rest:
            del self.kept[name]

    @property
    def cookie(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.kept.items())

    @cookie.setter
    def cookie(self, text: str) -> None:
        self.kept = dict(pair.split("=", 1) for pair in text.split("; ") if pair)


def programs_of(world: World, providers: ProviderDeps) -> MailPrograms:
    """What tells whether a visit that began by a provider may go on."""
    deps = AccessDeps(store=world.store, keys=world.keys, clock=world.clock, random=world.random)
    apps = AppPasswords(world.store, world.keys, world.clock, world.random)
    return MailPrograms(
        apps=apps,
        proofs=ScramProofs(apps, world.random),
        uses=LastUses(world.store, apps, world.clock, world.random),
        certificates=ClientCertificates(world.store),
        clock=world.clock,
        links=Links(deps, [one.settings.issuer for one in providers.providers]),
    )


def place_of(response: Response) -> str:
    assert response.status == 303, response.body
    return dict(response.fields)["Location"]


def hidden(response: Response) -> dict[str, str]:
    inputs = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', response.body.decode())
    return {name: unescape(value) for name, value in inputs}
