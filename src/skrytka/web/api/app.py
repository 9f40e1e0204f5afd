"""The application of ``listeners.api``."""

from dataclasses import dataclass

from skrytka.mail.admin.commands.base import CommandDeps
from skrytka.model.clock import Clock, Random
from skrytka.model.events import Emitter
from skrytka.net.facts import Networks
from skrytka.protocol.http.server import Response
from skrytka.web.api.problems import problem
from skrytka.web.http import Page, WebRequest, json
from skrytka.web.router import Router
from skrytka.web.session import WebApp


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiDeps:
    """Made by the composition root."""

    commands: CommandDeps
    networks: Networks
    events: Emitter
    clock: Clock
    random: Random


def api_app(deps: ApiDeps) -> WebApp:
    """All of its pages."""

    async def live(_request: WebRequest) -> Response:
        return json({"status": "ready"})

    pages = [Page("GET", "/api/v1/live", live)]
    return WebApp(app=Router(pages, problem), refused=problem, clock=deps.clock, networks=deps.networks)
