"""The API over a real store; clients that keep their token."""

from dataclasses import replace
from typing import Any

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from skrytka.mail.admin.commands.base import CommandDeps
from skrytka.mail.identity.directory import StoredCredentials
from skrytka.mail.identity.gate import Gate
from skrytka.mail.identity.login import Identity
from skrytka.mail.identity.passwords import RecentLogins
from skrytka.mail.identity.sessions import Place
from skrytka.mail.identity.types import Login
from skrytka.model.actor import LOCAL_ROOT, AccessRole, Grant
from skrytka.model.clock import FixedClock
from skrytka.model.machine import Machine, Purpose
from skrytka.model.secret import Secret
from skrytka.model.settings import Api as ApiSettings
from skrytka.model.settings import Login as LoginSettings
from skrytka.net.authority import Authority
from skrytka.net.limits import LimitTable, LocalLimits
from skrytka.net.machines import new_request, read_request
from skrytka.protocol.http.server import Response
from skrytka.web.api.app import ApiDeps, api_app
from tests.unit.mail.world import PASSWORD, World
from tests.unit.web.people.support import Factors as Typed
from tests.unit.web.support import asked

BASE = "/api/v1"
ANY = ApiSettings()


class Factors(Typed):
    """``123456`` is right; ``having`` have one."""

    def __init__(self) -> None:
        super().__init__()
        self.having: set[str] = set()

    async def must_enrol(self, login: Login) -> bool:
        return login.address.key not in self.having


class Api:
    """The application and who asks it."""

    def __init__(self, world: World, *, is_demo: bool = False, settings: ApiSettings = ANY) -> None:
        self.world = world
        self.certificate = b""  # that the client shows
        self.factors = Factors()
        gate = Gate(LocalLimits(LimitTable(world.clock)), LoginSettings(), world.events, Secret(b"n" * 32))
        identity = Identity(
            StoredCredentials(world.store, world.clock, world.random),
            world.passwords,
            RecentLogins(world.clock, world.random),
            gate,
            world.clock,
        )
        self.web = api_app(
            ApiDeps(
                commands=CommandDeps(admin=world.admin),
                identity=identity,
                factors=self.factors,
                settings=settings,
                clock=world.clock,
                is_demo=is_demo,
            )
        )

    async def give(self, name: str, role: AccessRole, domain: str | None = None) -> None:
        account = await self.world.account(name)
        await self.world.admin.roles.give(account, Grant(role, domain), LOCAL_ROOT)

    async def token(self, name: str, *, is_proved: bool = True) -> str:
        """Of a session that has begun."""
        account = await self.world.account(name)
        begun = await self.world.admin.sessions.begin(account, Place("127.0.0.1", "test"), is_proved=is_proved)
        return begun.reveal().decode()

    async def ask(
        self, token: str, method: str, path: str, body: Any = None, **fields: str
    ) -> tuple[int, Any, dict[str, str]]:
        """Status, content, header fields."""
        sent = {"authorization": f"Bearer {token}"} if token else {}
        raw = b"" if body is None else msgspec.json.encode(body)
        if raw:
            sent["content_type"] = "application/json"
        request = replace(asked(method, BASE + path, raw, **(sent | fields)), certificate=self.certificate)
        response: Response = await self.web.app(request)
        return response.status, msgspec.json.decode(response.body) if response.body else None, dict(response.fields)

    async def log_in(self, name: str, password: str = "", **more: Any) -> tuple[int, Any, dict[str, str]]:
        body = {"address": f"{name}@example.test", "password": password or PASSWORD.reveal().decode(), **more}
        return await self.ask("", "POST", "/session", body)


def der_of(pem: str) -> bytes:
    return x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)


def certificate_of(machine: Machine) -> bytes:
    """Of an authority that TLS would believe."""
    authority, until_ms = Authority.of_nodes(Secret(bytes(32)), FixedClock()), FixedClock().now_ms() + 3_600_000
    return der_of(authority.sign_machine(read_request(new_request()[1]), machine, (), until_ms).pem.decode())


async def enrolled(world: World, name: str) -> bytes:
    """The certificate of a machine of somebody's."""
    machines = world.admin.machines
    invitation = await machines.invite(await world.account(name), Purpose.REMOTE, "laptop", "local root")
    made = await machines.enrol(Secret(invitation.token), new_request()[1], 1)
    return der_of(made.certificate)
