"""The application of ``listeners.api``."""

import asyncio
from dataclasses import dataclass

from skrytka.mail.admin.commands.base import CommandDeps
from skrytka.mail.identity.login import Identity
from skrytka.mail.identity.types import SecondFactors
from skrytka.model.clock import Clock
from skrytka.model.settings import Api
from skrytka.net.facts import Networks
from skrytka.net.limits import LimitTable
from skrytka.protocol.http.server import Response
from skrytka.web.api.auth import Authentication, Refusal
from skrytka.web.api.commands import BASE, ApiCommands
from skrytka.web.api.door import Door
from skrytka.web.api.enrolment import Enrolment
from skrytka.web.api.login import ApiLogin, LoginDeps
from skrytka.web.api.openapi import document_octets
from skrytka.web.api.problems import problem
from skrytka.web.http import JSON, Page, WebRequest, json
from skrytka.web.router import Router
from skrytka.web.session import WebApp


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiDeps:
    """Made by the composition root."""

    commands: CommandDeps
    identity: Identity
    factors: SecondFactors
    settings: Api
    clock: Clock
    is_demo: bool = False


def api_app(deps: ApiDeps) -> WebApp:
    """All of its pages. What it is, and what it can do, is told to nobody who is not known."""
    admin = deps.commands.admin
    door = Door(machines=admin.machines, events=admin.events, settings=deps.settings)
    authentication = Authentication(admin.sessions, admin.api_keys, LimitTable(deps.clock), door)

    async def live(_request: WebRequest) -> Response:
        return json({"status": "ready"})

    async def openapi(request: WebRequest) -> Response:
        try:
            await authentication.of(request)
        except Refusal as refusal:
            return refusal.response
        return Response(200, await asyncio.to_thread(document_octets), (JSON,))

    login = LoginDeps(commands=deps.commands, identity=deps.identity, factors=deps.factors, is_demo=deps.is_demo)
    pages = [
        Page("GET", f"{BASE}/live", live),
        Page("GET", f"{BASE}/openapi.json", openapi),
        *ApiLogin(login, authentication).pages(),
        *Enrolment(door, authentication).pages(),
        *ApiCommands(deps.commands, authentication).pages(),
    ]
    return WebApp(
        app=door.guarded(Router(pages, problem)),
        refused=problem,
        clock=deps.clock,
        networks=Networks(deps.settings.networks),
        distrusted=door.distrusted,
    )
