"""The application of ``listeners.web``: where each kind of page has its place."""

from dataclasses import dataclass
from typing import Final

from skrytka.mail.identity.login import Identity
from skrytka.model.clock import Clock, Random
from skrytka.model.events import Emitter
from skrytka.protocol.http.server import Response
from skrytka.web.http import Page, WebRequest, html, text
from skrytka.web.router import Router
from skrytka.web.session import WebApp

HOME: Final = '<!doctype html><html lang="en"><meta charset="utf-8"><title>Skrytka</title><p>Skrytka</p></html>\n'


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleDeps:
    """Made by the composition root; what a kind of page needs besides is a field of its own."""

    hostname: str
    origin: str  # "https://host[:port]", as browsers see this application
    identity: Identity
    events: Emitter
    clock: Clock
    random: Random


def people_app(deps: PeopleDeps) -> WebApp:
    """All of its pages: a module of this package adds its ``pages(deps)`` here."""

    async def home(_request: WebRequest) -> Response:
        return html(HOME)

    pages: tuple[Page, ...] = (Page("GET", "/", home),)
    return WebApp(app=Router(pages), refused=lambda status: text(status, f"{status}\n"), clock=deps.clock)
