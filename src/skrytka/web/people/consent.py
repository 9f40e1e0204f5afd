"""A person is asked whether a program may come in (docs/oauth.md): by a browser, or by a code that a device shows.

What a form brings back is the request as it came, and it is checked anew as if it came again: nothing is kept between
the question and the answer. A yes counts for the account that the page named, whoever is signed in meanwhile.
"""

import re

from skrytka.mail.identity.oauth.authorizations import Asked, Authorizations, Person, SentBackError
from skrytka.mail.identity.oauth.deps import OAuthDeps
from skrytka.mail.identity.oauth.devices import Devices, Waiting
from skrytka.mail.identity.types import FRESH_S
from skrytka.model.errors import Reason, TransientError
from skrytka.protocol.http.server import Response
from skrytka.protocol.oauth.errors import OAuthError
from skrytka.protocol.oauth.form import Fields, encode_form, parse_form
from skrytka.protocol.oauth.metadata import AUTHORIZE_PATH, DEVICE_PATH
from skrytka.protocol.oauth.scopes import Scope
from skrytka.web.http import Page, WebRequest, redirect
from skrytka.web.people.markup import Language, button, escape, field, form, hidden, language_of, page, paragraph
from skrytka.web.people.own_programs import PROGRAMS_PATH
from skrytka.web.people.sign_in import sign_in_place
from skrytka.web.people.visits import Visits
from skrytka.web.people.words import say

_ORIGIN = re.compile(r"(https?)://([^/?\[]+)(?:[/?]|$)")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:")


class Consent:
    """Its pages."""

    def __init__(self, deps: OAuthDeps, visits: Visits) -> None:
        self._deps = deps
        self._authorizations = Authorizations(deps)
        self._devices = Devices(deps)
        self._visits = visits

    def pages(self) -> tuple[Page, ...]:
        return (
            Page("GET", AUTHORIZE_PATH, self._authorize),
            Page("POST", AUTHORIZE_PATH, self._decide),
            Page("GET", DEVICE_PATH, self._device),
            Page("POST", DEVICE_PATH, self._decide_device),
        )

    # -- a browser that a program sent ----------------------------------------------------------------------------

    async def _authorize(self, request: WebRequest) -> Response:
        language = language_of(request.field("accept-language"))
        fields = {name: value for name, value in request.query.items() if value}
        try:
            asked, person = await self._authorizations.asked(fields), await self._person(request)
            if person is None or self._authorizations.must_sign_in(asked, person):
                self._authorizations.must_sign_in(asked, person)  # it may be that nothing may be shown
                return redirect(sign_in_place(f"{AUTHORIZE_PATH}?{encode_form(_once(fields).items())}"))
            if not await self._authorizations.must_ask(asked, person):
                return redirect(await self._authorizations.allow(asked, person))
        except SentBackError as exc:
            return redirect(exc.location)
        except OAuthError as exc:
            return _wrong(language, exc)
        return _consent_page(
            language, asked, person, encode_form(fields.items()), self._lifetime(language, asked.scopes)
        )

    async def _decide(self, request: WebRequest) -> Response:
        language, form_ = language_of(request.field("accept-language")), request.form()
        person = await self._person(request)
        if person is None or not request.is_same_origin or form_.get("address") != person.address:
            return _too_old(language)
        try:
            asked = await self._authorizations.asked(parse_form(form_.get("request", "").encode()))
            if self._authorizations.must_sign_in(asked, person):
                return _too_old(language)
            if form_.get("decision") != "allow":
                return redirect(self._authorizations.deny(asked))
            return redirect(await self._authorizations.allow(asked, person))
        except SentBackError as exc:
            return redirect(exc.location)
        except OAuthError as exc:
            return _wrong(language, exc)

    # -- a device that shows a code -------------------------------------------------------------------------------

    async def _device(self, request: WebRequest) -> Response:
        language, code = language_of(request.field("accept-language")), request.query.get("user_code", "")
        if await self._person(request) is None:
            return redirect(sign_in_place(f"{DEVICE_PATH}?{encode_form([('user_code', code)])}"))
        return _code_page(language, code)

    async def _decide_device(self, request: WebRequest) -> Response:
        language, form_ = language_of(request.field("accept-language")), request.form()
        person, decision = await self._person(request), form_.get("decision", "")
        if person is None or not request.is_same_origin:
            return _too_old(language)
        code = form_.get("user_code", "")
        try:
            waiting = await self._devices.typed(code, person)
        except TransientError as exc:
            if exc.reason is not Reason.RATE_LIMITED:
                raise
            return _code_page(language, code, "too_often", status=429)
        if waiting is None:
            return _code_page(language, code, "device_wrong", status=404)
        if not decision:
            return _device_page(language, waiting, person, code, self._lifetime(language, waiting.scopes))
        if form_.get("address") != person.address:
            return _too_old(language)
        is_allowed = decision == "allow"
        if not await self._devices.decide(waiting, person, is_allowed=is_allowed):
            return _code_page(language, code, "device_wrong", status=404)
        said = say(language, "device_allowed" if is_allowed else "device_denied")
        return page(language, say(language, "device_title"), [paragraph(said)])

    def _lifetime(self, language: Language, scopes: tuple[Scope, ...]) -> list[str]:
        """How long it lasts and how it ends (ASVS 10.7.2)."""
        settings = self._deps.settings()
        days, most = str(settings.refresh_token_days), str(settings.grant_days)
        is_kept = Scope.OFFLINE_ACCESS in scopes
        lasts = say(language, "consent_days", days=days, most=most) if is_kept else say(language, "consent_hour")
        return [paragraph(lasts), paragraph(say(language, "consent_ends", place=self._deps.issuer + PROGRAMS_PATH))]

    async def _person(self, request: WebRequest) -> Person | None:
        visit = await self._visits.of(request)
        return None if visit is None else visit.person


def _once(fields: Fields) -> Fields:
    """The request for when somebody has signed in anew: what asked for that is met then."""
    kept = {name: value for name, value in fields.items() if name != "prompt"}
    words = [word for word in fields.get("prompt", "").split() if word not in {"login", "select_account"}]
    if len(words) < len(fields.get("prompt", "").split()) or fields.get("max_age", "1").strip("0") == "":
        kept["max_age"] = str(FRESH_S)
    return {**kept, **({"prompt": " ".join(words)} if words else {})}


def _consent_page(language: Language, asked: Asked, person: Person, request: str, lifetime: list[str]) -> Response:
    client, place = asked.client, asked.request.place.redirect_uri
    body = [
        paragraph(say(language, "signed_in_as", address=person.address)),
        paragraph(say(language, "consent_asks", name=client.name, address=person.address)),
        _scopes(language, asked.scopes),
        paragraph(say(language, "consent_place", place=_shown_place(place))),
        *([paragraph(say(language, "consent_public"))] if client.is_public else []),
        *lifetime,
        form(
            AUTHORIZE_PATH,
            hidden("request", request),
            hidden("address", person.address),
            button(say(language, "allow"), "decision", "allow"),
            button(say(language, "deny"), "decision", "deny"),
        ),
    ]
    title = say(language, "consent_title", name=client.name)
    return page(language, title, body, form_action=f"'self' {_source(place)}")


def _device_page(language: Language, waiting: Waiting, person: Person, code: str, lifetime: list[str]) -> Response:
    body = [
        paragraph(say(language, "signed_in_as", address=person.address)),
        paragraph(say(language, "consent_asks", name=waiting.client.name, address=person.address)),
        _scopes(language, waiting.scopes),
        paragraph(say(language, "device_warning", code=code), "wrong"),
        *lifetime,
        form(
            DEVICE_PATH,
            hidden("user_code", code),
            hidden("address", person.address),
            button(say(language, "allow"), "decision", "allow"),
            button(say(language, "deny"), "decision", "deny"),
        ),
    ]
    return page(language, say(language, "consent_title", name=waiting.client.name), body)


def _code_page(language: Language, code: str, said: str = "", status: int = 200) -> Response:
    content = form(
        DEVICE_PATH,
        field(say(language, "device_code"), "user_code", value=code),
        button(say(language, "go_on")),
    )
    told = [paragraph(say(language, said), "wrong")] if said else []
    return page(language, say(language, "device_title"), [*told, content], status=status)


def _scopes(language: Language, scopes: tuple[Scope, ...]) -> str:
    return "<ul>" + "".join(f"<li>{escape(say(language, f'scope_{scope.value}'))}</li>" for scope in scopes) + "</ul>"


def _shown_place(uri: str) -> str:
    """Host or scheme: what somebody can recognise."""
    if (found := _ORIGIN.match(uri)) is not None:
        return found[2]
    return "[::1]" if uri.startswith("http://[::1]") else uri.partition("/")[0]


def _source(uri: str) -> str:
    """What CSP is told of the place: a browser refuses a redirect after a form that goes elsewhere."""
    if (found := _ORIGIN.match(uri)) is not None:
        return f"{found[1]}://{found[2]}"
    scheme = _SCHEME.match(uri)  # also of http://[::1]:port: CSP has no way to write that host
    return scheme[0] if scheme else ""


def _wrong(language: Language, error: OAuthError) -> Response:
    said = say(language, "error_said", said=error.said or error.code.value)
    return page(language, say(language, "error_title"), [paragraph(said, "wrong")], status=400)


def _too_old(language: Language) -> Response:
    return page(language, say(language, "error_title"), [paragraph(say(language, "too_old"), "wrong")], status=403)
