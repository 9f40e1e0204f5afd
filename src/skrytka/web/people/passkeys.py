"""Passkeys and security keys at the browser: pages with one script, which carries JSON between it and us.

The challenge belongs to a cookie of its own, so it is answered by the browser that asked, signed in or not.
"""

import hashlib
from pathlib import Path
from typing import Any, Final

import msgspec

from skrytka.mail.identity.change import TO_CHANGE
from skrytka.mail.identity.types import Means
from skrytka.model.errors import UNREADABLE, PermanentError, Reason, TransientError
from skrytka.model.secret import Secret
from skrytka.net.facts import host_of
from skrytka.net.limits import LimitTable
from skrytka.protocol.acme.jose import encode
from skrytka.protocol.http.server import Response
from skrytka.web.http import BadRequestError, Page, WebRequest, json, redirect
from skrytka.web.people.markup import Language, button, escape, language_of, page, paragraph
from skrytka.web.people.own_security import OwnSecurity, own_of
from skrytka.web.people.paths import (
    PASSKEY_LOGIN_OPTIONS_PATH,
    PASSKEY_OPTIONS_PATH,
    PASSKEY_PATH,
    PASSKEY_SIGN_IN_PATH,
    PASSWORD_PATH,
    SCRIPT_PATH,
    SECURITY_PATH,
    SIGN_IN_PATH,
)
from skrytka.web.people.security_words import say
from skrytka.web.people.sign_in import MECHANISM as PASSWORD_MECHANISM
from skrytka.web.people.sign_in import checked_after
from skrytka.web.people.visits import Visits

COOKIE: Final = "__Host-challenge"
COOKIE_S: Final = 300
MADE_MAX: Final = 16 * 1024  # octets of what a browser made: the certificates of a maker may be in it
CHALLENGES: Final = 60  # a minute, that one address is given before anybody is known: all share the room for them
MINUTE_S: Final = 60.0
SIGNED_MAX: Final = 8 * 1024  # of anything else: CBOR is read in Python, and anybody may send it
MECHANISM: Final = "PASSKEY"
JAVASCRIPT: Final = ("Content-Type", "text/javascript; charset=utf-8")
SCRIPT: Final = Path(__file__).with_name("passkey.js").read_bytes()


class Registering(msgspec.Struct, frozen=True):
    """Ask for options to register."""

    is_passkey: bool = True


class Registration(msgspec.Struct, frozen=True):
    """What the browser made."""

    name: str
    response: dict[str, Any]
    enrol_code: str = ""

    def __repr__(self) -> str:
        return "Registration()"


class Assertion(msgspec.Struct, frozen=True):
    """What the browser signed."""

    response: dict[str, Any]
    next: str = ""


class Passkeys:
    """Its pages."""

    def __init__(self, own: OwnSecurity, visits: Visits, limits: LimitTable) -> None:
        self._own = own
        self._visits = visits
        self._limits = limits

    def pages(self) -> tuple[Page, ...]:
        return (
            Page("GET", SCRIPT_PATH, self._script),
            Page("GET", PASSKEY_PATH, self._ask),
            Page("POST", PASSKEY_OPTIONS_PATH, self._options),
            Page("POST", PASSKEY_PATH, self._register),
            Page("GET", PASSKEY_SIGN_IN_PATH, self._ask_sign_in),
            Page("POST", PASSKEY_LOGIN_OPTIONS_PATH, self._login_options),
            Page("POST", PASSKEY_SIGN_IN_PATH, self._sign_in),
        )

    async def _script(self, _request: WebRequest) -> Response:
        return Response(200, SCRIPT, (JAVASCRIPT,))

    # -- adding one ------------------------------------------------------------------------------------------------

    async def _ask(self, request: WebRequest) -> Response:
        own = await own_of(self._own, self._visits, request)
        if own is None:
            return redirect(f"{SIGN_IN_PATH}?next={SECURITY_PATH}")
        language = language_of(request.field("accept-language"))
        fields = [_input(say(language, "name"), "name")]
        if await self._own.factors.needs_code(own.owner):
            fields.append(_input(say(language, "enrol_code"), "enrol_code"))
        buttons = [
            button(say(language, "passkey_add"), "kind", "passkey"),
            button(say(language, "key_add"), "kind", "key"),
        ]
        return _page(language, "passkey_title", "create", PASSKEY_PATH, [*fields, *buttons])

    async def _options(self, request: WebRequest) -> Response:
        own = await own_of(self._own, self._visits, request) if request.is_same_origin else None
        if own is None:
            return _refused(403)
        asked, (session, cookie) = _read(request, Registering), self._begin()
        options = await self._own.factors.begin_webauthn(own.owner, session, is_passkey=asked.is_passkey)
        return json(options, fields=(cookie,))

    async def _register(self, request: WebRequest) -> Response:
        own = await own_of(self._own, self._visits, request) if request.is_same_origin else None
        if own is None:
            return _refused(403)
        made = _read(request, Registration)
        code = Secret(made.enrol_code[:100]) if made.enrol_code else None
        try:
            await self._own.factors.add_webauthn(
                own.owner,
                _session(request),
                made.name,
                made.response,
                own.owner.address.key,
                enrol_code=code,
                is_first=own.is_enrolling,
            )
        except PermanentError:
            return _refused(403)
        if own.is_enrolling:  # it is shown once before he goes on
            self._visits.end(request)
        return json({"next": SIGN_IN_PATH if own.is_enrolling else SECURITY_PATH})

    # -- signing in ------------------------------------------------------------------------------------------------

    async def _ask_sign_in(self, request: WebRequest) -> Response:
        language = language_of(request.field("accept-language"))
        return _page(
            language, "passkey_sign_in", "get", PASSKEY_SIGN_IN_PATH, [button(say(language, "passkey_go"))],
            after=request.query.get("next", ""),
        )  # fmt: skip

    async def _login_options(self, request: WebRequest) -> Response:
        """For the keys of who has given his password; for any passkey of who has not."""
        if not request.is_same_origin:
            return _refused(403)
        visit, host = await self._visits.of(request, is_complete=False), host_of(request.peer.remote)
        if not self._limits.take("passkey-challenge", host, limit=CHALLENGES, window_s=MINUTE_S):
            return _refused(429)
        owner = None if visit is None else await self._own.factors.owner(visit.login.account)
        session, cookie = self._begin()
        return json(await self._own.proofs.begin_webauthn(session, owner), fields=(cookie,))

    async def _sign_in(self, request: WebRequest) -> Response:
        if not request.is_same_origin:
            return _refused(403)
        asked, session = _read(request, Assertion), _session(request)
        visit = await self._visits.of(request, is_complete=False)
        try:
            if visit is not None:
                owner = await self._own.factors.owner(visit.login.account)
                await self._own.proofs.webauthn(session, owner, asked.response, request.peer)
                login = visit.login
                await self._own.identity.whole(login, request.peer, PASSWORD_MECHANISM)
            else:
                owner = await self._own.proofs.passkey(session, asked.response, request.peer)
                login = await self._own.identity.passkey(owner.address, request.peer, MECHANISM)
        except PermanentError:
            return _refused(403)
        except TransientError as exc:
            if exc.reason is not Reason.RATE_LIMITED:
                raise
            return _refused(429)
        self._visits.end(request)
        is_given = (
            login.means is Means.PASSWORD
            and visit is not None
            and await self._own.changes.must_change(login.account) in TO_CHANGE
        )
        begun = self._visits.begin(login, is_complete=True, is_given=is_given, remote=request.peer.remote)
        cookie = ("Set-Cookie", begun)
        return json({"next": PASSWORD_PATH if is_given else checked_after(asked.next)}, fields=(cookie,))

    def _begin(self) -> tuple[bytes, tuple[str, str]]:
        token = encode(self._own.random.token(32))
        field = f"{COOKIE}={token}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={COOKIE_S}"
        return _key(token), ("Set-Cookie", field)


def _session(request: WebRequest) -> bytes:
    return _key(request.cookies.get(COOKIE, ""))


def _key(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def _read(request: WebRequest, kind: type[Any]) -> Any:
    """JSON only: no form of another site can send it."""
    if request.media_type != "application/json":
        raise BadRequestError(415)
    if len(request.body) > (MADE_MAX if kind is Registration else SIGNED_MAX):
        raise BadRequestError(413)
    try:
        return msgspec.json.decode(request.body, type=kind)
    except UNREADABLE as exc:
        raise BadRequestError(400) from exc


def _refused(status: int) -> Response:
    """Whatever is wrong, it is one answer."""
    return json({"error": "refused"}, status)


def _input(label: str, name: str) -> str:
    return f'<label>{escape(label)}<input name="{name}" autocomplete="off" maxlength="64" required></label>'


def _page(language: Language, title: str, kind: str, action: str, content: list[str], *, after: str = "") -> Response:
    body = [
        f'<form data-passkey="{kind}" data-action="{action}" data-next="{escape(after)}">',
        *content,
        "</form>",
        f'<p class="wrong" hidden>{escape(say(language, "passkey_failed"))}</p>',
        f"<noscript>{paragraph(say(language, 'script'))}</noscript>",
        f'<script src="{SCRIPT_PATH}" defer></script>',
    ]
    return page(language, say(language, title), body)
