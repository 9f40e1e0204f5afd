"""Signing out: the visit ends here; whoever came by a provider of another house is told where he still may be."""

from typing import Final
from urllib.parse import quote

from skrytka.mail.identity.types import Means
from skrytka.model.errors import RemoteProtocolError, TransientError
from skrytka.protocol.http.server import Response
from skrytka.web.http import Page, WebRequest, redirect
from skrytka.web.people.markup import button, escape, form, language_of, page, paragraph
from skrytka.web.people.paths import SIGN_IN_PATH, SIGN_OUT_PATH
from skrytka.web.people.provider_words import say
from skrytka.web.people.providers import ProviderDeps
from skrytka.web.people.visits import COOKIE, Visit, Visits

_GONE: Final = ("Set-Cookie", f"{COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0")


class SignOut:
    """Its page."""

    def __init__(self, deps: ProviderDeps, visits: Visits) -> None:
        self._deps = deps
        self._visits = visits

    def pages(self) -> tuple[Page, ...]:
        return (Page("GET", SIGN_OUT_PATH, self._ask), Page("POST", SIGN_OUT_PATH, self._end))

    async def _ask(self, request: WebRequest) -> Response:
        language = language_of(request.field("accept-language"))
        return page(language, say(language, "sign_out"), [form(SIGN_OUT_PATH, button(say(language, "sign_out")))])

    async def _end(self, request: WebRequest) -> Response:
        if not request.is_same_origin:
            return redirect(SIGN_OUT_PATH)
        language = language_of(request.field("accept-language"))
        visit = await self._visits.of(request)
        self._visits.end(request)
        body = [paragraph(say(language, "signed_out"))]
        for title, place in await self._places(visit):
            body.append(f'<p><a href="{escape(place)}">{escape(say(language, "out_there", title=title))}</a></p>')
        body.append(f'<p><a href="{SIGN_IN_PATH}">{escape(say(language, "again"))}</a></p>')
        answer = page(language, say(language, "sign_out"), body)
        return Response(answer.status, answer.body, (*answer.fields, _GONE))

    async def _places(self, visit: Visit | None) -> list[tuple[str, str]]:
        """Titles and places of providers at which he may be signed in (OpenID Connect RP-Initiated Logout 2)."""
        if visit is None or visit.login.means is not Means.PROVIDER:
            return []
        issuers = {link.issuer for link in await self._deps.accounts.links(visit.login.address.key)}
        found = []
        for provider in self._deps.providers:
            settings = provider.settings
            try:
                place = await provider.end_place() if settings.issuer in issuers else ""
            except (TransientError, RemoteProtocolError):
                continue
            if place:
                mark = "&" if "?" in place else "?"
                found.append((settings.title or settings.name, f"{place}{mark}client_id={quote(settings.client_id)}"))
        return found
