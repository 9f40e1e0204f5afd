"""The people's application over a real store, and a browser that keeps its cookie."""

import re
from html import unescape
from typing import Any
from urllib.parse import urlencode

from skrytka.mail.identity.directory import StoredCredentials
from skrytka.mail.identity.gate import Gate
from skrytka.mail.identity.login import Identity
from skrytka.mail.identity.passwords import RecentLogins
from skrytka.mail.identity.types import Login, Peer
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.secret import Secret
from skrytka.model.settings import Login as LoginSettings
from skrytka.net.limits import LimitTable, LocalLimits
from skrytka.protocol.http.server import Response
from skrytka.web.people.app import PeopleDeps, people_app
from tests.unit.mail.identity.oauth.support import ISSUER, Case
from tests.unit.mail.world import World
from tests.unit.web.support import asked

FORM = "application/x-www-form-urlencoded"


class Factors:
    """``123456`` is right, for who needs it."""

    def __init__(self) -> None:
        self.needed = False
        self.is_busy = False

    async def is_needed(self, login: Login) -> bool:
        return self.needed

    async def check(self, login: Login, code: Secret, peer: Peer) -> None:
        if self.is_busy:
            raise TransientError(Reason.RATE_LIMITED)
        if code.reveal() != b"123456":
            raise PermanentError(Reason.BAD_CREDENTIALS)


class People:
    """One browser at the application."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.case = Case(world)
        self.factors = Factors()
        self.cookie = ""
        gate = Gate(LocalLimits(LimitTable(world.clock)), LoginSettings(), world.events, Secret(b"n" * 32))
        self.identity = Identity(
            StoredCredentials(world.store, world.clock, world.random),
            world.passwords,
            RecentLogins(world.clock, world.random),
            gate,
            world.clock,
        )
        self.web = people_app(
            PeopleDeps(
                hostname="mail.example.test",
                origin=ISSUER,
                identity=self.identity,
                factors=self.factors,
                oauth=self.case.deps,
                programs=world.admin.programs,
                events=world.events,
                clock=world.clock,
                random=world.random,
            )
        )

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
        if (cookie := dict(response.fields).get("Set-Cookie")) is not None:
            self.cookie = cookie.partition(";")[0]
        return response


def place_of(response: Response) -> str:
    assert response.status == 303, response.body
    return dict(response.fields)["Location"]


def hidden(response: Response) -> dict[str, str]:
    inputs = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', response.body.decode())
    return {name: unescape(value) for name, value in inputs}
