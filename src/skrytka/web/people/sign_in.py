"""Signing in: the password, then a second factor where the account has one; then on to where somebody came from."""

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from skrytka.mail.identity.login import Identity
from skrytka.mail.identity.types import Login, Means, SecondFactors
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.secret import Secret
from skrytka.protocol.http.server import Response
from skrytka.web.http import Page, WebRequest, redirect
from skrytka.web.people.markup import Language, button, escape, field, form, hidden, language_of, page, paragraph
from skrytka.web.people.paths import (
    CODE_PATH,
    PASSKEY_SIGN_IN_PATH,
    PASSWORD_PATH,
    PROVIDER_PATH,
    SECURITY_PATH,
    SIGN_IN_PATH,
)
from skrytka.web.people.provider_words import say as say_of_provider
from skrytka.web.people.visits import Visits
from skrytka.web.people.words import say

CODE_MAX: Final = 64
MECHANISM: Final = "WEB"
_AFTER: Final = ("/oauth/authorize?", "/device", "/programs", SECURITY_PATH)  # nobody is sent anywhere else
_PLACE: Final = re.compile(r"[\x21-\x5b\x5d-\x7e]{1,4096}")  # RFC 3986 2: visible ASCII, without a backslash


class SignIn:
    """Its pages."""

    def __init__(
        self, identity: Identity, factors: SecondFactors, visits: Visits, providers: Sequence[tuple[str, str]] = ()
    ) -> None:
        """``providers``: names and titles of those by which somebody may sign in."""
        self._providers = providers
        self._identity = identity
        self._factors = factors
        self._visits = visits

    def pages(self) -> tuple[Page, ...]:
        return (
            Page("GET", SIGN_IN_PATH, self._ask),
            Page("POST", SIGN_IN_PATH, self._password),
            Page("GET", CODE_PATH, self._ask_code),
            Page("POST", CODE_PATH, self._code),
        )

    async def _ask(self, request: WebRequest) -> Response:
        return self._password_page(_language(request), request.query.get("next", ""))

    async def _password(self, request: WebRequest) -> Response:
        language, asked = _language(request), request.form()
        after, name = asked.get("next", ""), asked.get("address", "")
        if not request.is_same_origin:
            return self._password_page(language, after, "too_old", status=403)
        try:
            login = await self._identity.login(name, Secret(asked.get("password", "")), request.peer, MECHANISM)
        except (PermanentError, TransientError) as exc:
            return self._password_page(language, after, *_told(exc, "wrong"), name=name)
        self._visits.end(request)  # what this browser had before (ASVS 7.2.4)
        if not await self._factors.is_needed(login):
            return await self._whole(request, login, after)
        must_enrol = await self._factors.must_enrol(login)
        cookie = self._visits.begin(login, is_complete=False, remote=request.peer.remote)
        return _on(SECURITY_PATH if must_enrol else with_next(CODE_PATH, after), cookie)

    async def _ask_code(self, request: WebRequest) -> Response:
        after = request.query.get("next", "")
        if await self._visits.of(request, is_complete=False) is None:
            return redirect(with_next(SIGN_IN_PATH, after))
        return _code_page(_language(request), after)

    async def _code(self, request: WebRequest) -> Response:
        language, asked = _language(request), request.form()
        after, visit = asked.get("next", ""), await self._visits.of(request, is_complete=False)
        if visit is None or not request.is_same_origin:
            return redirect(with_next(SIGN_IN_PATH, after))
        try:
            await self._factors.check(visit.login, Secret(asked.get("code", "")[:CODE_MAX]), request.peer)
        except (PermanentError, TransientError) as exc:
            return _code_page(language, after, *_told(exc, "wrong_code"))
        self._visits.end(request)
        return await self._whole(request, visit.login, after)

    async def _whole(self, request: WebRequest, login: Login, after: str) -> Response:
        """He has shown all that he has to; whose password somebody else knows sets his own first (ASVS 6.4.1)."""
        await self._identity.whole(login, request.peer, MECHANISM)
        is_given = login.means is Means.PASSWORD and await self._factors.must_change(login)
        cookie = self._visits.begin(login, is_complete=True, is_given=is_given, remote=request.peer.remote)
        return _on(PASSWORD_PATH if is_given else checked_after(after), cookie)

    def _password_page(
        self, language: Language, after: str, said: str = "", status: int = 200, *, name: str = ""
    ) -> Response:
        content = form(
            SIGN_IN_PATH,
            hidden("next", after),
            field(say(language, "address"), "address", kind="email", value=name, autocomplete="username"),
            field(say(language, "password"), "password", kind="password", autocomplete="current-password"),
            button(say(language, "go_on")),
        )
        told = [paragraph(say(language, said), "wrong")] if said else []
        other = _link(with_next(PASSKEY_SIGN_IN_PATH, after), say(language, "passkey"))
        others = [
            _link(with_next(f"{PROVIDER_PATH}/{name}", after), say_of_provider(language, "with", title=title))
            for name, title in self._providers
        ]
        return page(language, say(language, "sign_in"), [*told, content, other, *others], status=status)


def _on(place: str, cookie: str) -> Response:
    there = redirect(place)
    return Response(there.status, there.body, (*there.fields, ("Set-Cookie", cookie)))


def sign_in_place(after: str) -> str:
    """Where to send somebody who has to sign in before he goes on."""
    return with_next(SIGN_IN_PATH, after)


def checked_after(after: str) -> str:
    """A place of ours to go on at: no open redirector, and nothing that cannot stand in a field of an answer."""
    return after if after.startswith(_AFTER) and _PLACE.fullmatch(after) else "/"


def with_next(path: str, after: str) -> str:
    return f"{path}?next={quote(after, safe='')}"


def _told(error: PermanentError | TransientError, wrong: str) -> tuple[str, int]:
    """What the page says and its status; whatever is wrong, it is one sentence."""
    if isinstance(error, TransientError) and error.reason is not Reason.RATE_LIMITED:
        raise error
    return ("too_often", 429) if isinstance(error, TransientError) else (wrong, 403)


def _code_page(language: Language, after: str, said: str = "", status: int = 200) -> Response:
    content = form(
        CODE_PATH,
        hidden("next", after),
        field(say(language, "code"), "code", autocomplete="one-time-code"),
        button(say(language, "go_on")),
    )
    told = [paragraph(say(language, said), "wrong")] if said else []
    other = _link(with_next(PASSKEY_SIGN_IN_PATH, after), say(language, "passkey"))
    return page(language, say(language, "code_title"), [*told, content, other], status=status)


def _link(place: str, text: str) -> str:
    return f'<p><a href="{escape(place)}">{escape(text)}</a></p>'


def _language(request: WebRequest) -> Language:
    return language_of(request.field("accept-language"))
