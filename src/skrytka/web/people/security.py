"""One's own password and second factors: without a script. Whoever comes here has signed in within five minutes."""

import asyncio
from collections import OrderedDict
from typing import Final

from skrytka.mail.identity.factors import FactorState
from skrytka.mail.identity.policy import PasswordRefusedError
from skrytka.mail.identity.policy_words import explain
from skrytka.mail.identity.totp import seed_text
from skrytka.model.address import Address, AddressError
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.secret import Secret
from skrytka.protocol.http.server import Response
from skrytka.web.http import Page, WebRequest, redirect
from skrytka.web.people.markup import Language, button, escape, field, form, hidden, language_of, page, paragraph
from skrytka.web.people.own_security import Own, OwnSecurity, own_of
from skrytka.web.people.paths import (
    APP_PATH,
    CODES_PATH,
    PASSKEY_PATH,
    PASSWORD_CODE_PATH,
    PASSWORD_PATH,
    PROVIDERS_PATH,
    REMOVE_PATH,
    SECURITY_PATH,
    SIGN_IN_PATH,
    SIGN_OUT_PATH,
)
from skrytka.web.people.security_words import say
from skrytka.web.people.visits import Visits

SEEDS_MAX: Final = 1000  # that wait for their first code
TEXT_MAX: Final = 1100


class Security:
    """Its pages."""

    def __init__(self, own: OwnSecurity, visits: Visits, *, has_providers: bool = False) -> None:
        self._has_providers = has_providers
        self._own = own
        self._visits = visits
        # By visit, not by account: whoever has a stolen password is not shown the seed that its owner is about to scan
        self._seeds: OrderedDict[bytes, tuple[Secret, Secret]] = OrderedDict()  # seed, text of its QR code

    def pages(self) -> tuple[Page, ...]:
        return (
            Page("GET", SECURITY_PATH, self._list),
            Page("GET", APP_PATH, self._ask_app),
            Page("POST", APP_PATH, self._add_app),
            Page("POST", REMOVE_PATH, self._remove),
            Page("POST", CODES_PATH, self._codes),
            Page("GET", PASSWORD_PATH, self._ask_password),
            Page("POST", PASSWORD_PATH, self._password),
            Page("GET", PASSWORD_CODE_PATH, self._ask_code),
            Page("POST", PASSWORD_CODE_PATH, self._by_code),
        )

    async def _list(self, request: WebRequest) -> Response:
        own = await own_of(self._own, self._visits, request)
        return _again() if own is None else await self._listed(own, _language(request))

    async def _listed(self, own: Own, language: Language, said: str = "", status: int = 200) -> Response:
        state = await self._own.factors.state(own.owner)
        told = [paragraph(say(language, said), "wrong")] if said else []
        body = [*told, *_state(language, state, own)]
        if self._has_providers and not own.is_enrolling:
            body.append(_link(PROVIDERS_PATH, say(language, "providers")))
        body.append(_link(SIGN_OUT_PATH, say(language, "sign_out")))
        return page(language, say(language, "title"), body, status=status)

    # -- an app with one-time codes -------------------------------------------------------------------------------

    async def _ask_app(self, request: WebRequest) -> Response:
        own = await own_of(self._own, self._visits, request)
        if own is None:
            return _again()
        self._seeds[own.visit.key] = self._own.factors.new_totp(own.owner)
        if len(self._seeds) > SEEDS_MAX:
            self._seeds.popitem(last=False)
        return await self._app_page(own, _language(request))

    async def _add_app(self, request: WebRequest) -> Response:
        own, asked = await self._posted(request)
        if own is None:
            return _again()
        kept = self._seeds.pop(own.visit.key, None)  # a form that is sent twice at once adds one
        if kept is None:
            return redirect(SECURITY_PATH)
        code = Secret(asked["enrol_code"][:TEXT_MAX]) if asked.get("enrol_code") else None
        try:
            await self._own.factors.add_totp(
                own.owner,
                asked.get("name", ""),
                kept[0],
                asked.get("code", ""),
                own.owner.address.key,
                enrol_code=code,
                is_first=own.is_enrolling,
            )
        except (PermanentError, TransientError) as exc:
            self._seeds[own.visit.key] = kept
            return await self._app_page(own, _language(request), *_told(exc, "wrong_first_code"))
        return self._on(request, own)

    async def _app_page(self, own: Own, language: Language, said: str = "", status: int = 200) -> Response:
        seed, uri = self._seeds[own.visit.key]
        content = [
            paragraph(say(language, "app_scan", seed=seed_text(seed))),
            await asyncio.to_thread(_qr, uri),
            field(say(language, "name"), "name"),
            field(say(language, "app_code"), "code", autocomplete="one-time-code"),
        ]
        if await self._own.factors.needs_code(own.owner):
            content.append(field(say(language, "enrol_code"), "enrol_code"))
        told = [paragraph(say(language, said), "wrong")] if said else []
        body = form(APP_PATH, *content, button(say(language, "add")))
        return page(language, say(language, "app_title"), [*told, body], status=status)

    # -- what is there ---------------------------------------------------------------------------------------------

    async def _remove(self, request: WebRequest) -> Response:
        own, asked = await self._posted(request)
        if own is None or own.is_enrolling:
            return _again()
        try:
            factor = int(asked.get("factor", "")[:10])
            await self._own.factors.remove(own.owner, factor, own.owner.address.key)
        except ValueError:
            return redirect(SECURITY_PATH)
        except PermanentError as exc:
            return await self._listed(own, _language(request), *_told(exc, "not_permitted"))
        return redirect(SECURITY_PATH)

    async def _codes(self, request: WebRequest) -> Response:
        own, _asked = await self._posted(request)
        if own is None or own.is_enrolling:
            return _again()
        language = _language(request)
        try:
            codes = await self._own.factors.make_codes(own.owner, own.owner.address.key)
        except PermanentError as exc:
            return await self._listed(own, language, *_told(exc, "not_permitted"))
        items = "".join(f"<li><code>{escape(code.reveal().decode())}</code></li>" for code in codes)
        body = [
            paragraph(say(language, "codes_keep")),
            f"<ol>{items}</ol>",
            _link(SECURITY_PATH, say(language, "back")),
        ]
        return page(language, say(language, "codes_title"), body)

    # -- the password ---------------------------------------------------------------------------------------------

    async def _ask_password(self, request: WebRequest) -> Response:
        own = await own_of(self._own, self._visits, request, may_be_given=True)
        return _again() if own is None or own.is_enrolling else await self._password_page(own, _language(request), [])

    async def _password(self, request: WebRequest) -> Response:
        own, asked = await self._posted(request, may_be_given=True)
        if own is None or own.is_enrolling:
            return _again()
        language = _language(request)
        old, new = Secret(asked.get("old", "")[:TEXT_MAX]), Secret(asked.get("new", "")[:TEXT_MAX])
        try:
            has_mfa = await self._is_enforced(own)
            await self._own.changes.change(own.owner, old, new, is_stepped_up=True, has_mfa=has_mfa)
        except (PermanentError, TransientError) as exc:
            return await self._password_page(own, language, *_sentences(language, exc, "wrong_old", "elsewhere"))
        self._visits.end(request)
        return _changed(language)

    async def _password_page(self, own: Own, language: Language, said: list[str], status: int = 200) -> Response:
        minimum = str(self._own.changes.minimum(has_mfa=await self._is_enforced(own)))
        body = form(
            PASSWORD_PATH,
            field(say(language, "old"), "old", kind="password", autocomplete="current-password"),
            field(say(language, "new", minimum=minimum), "new", kind="password", autocomplete="new-password"),
            button(say(language, "change")),
        )
        told = [paragraph(each, "wrong") for each in said]
        return page(language, say(language, "password_title"), [*told, body], status=status)

    async def _ask_code(self, request: WebRequest) -> Response:
        return self._code_page(_language(request), [])

    async def _by_code(self, request: WebRequest) -> Response:
        language, asked = _language(request), request.form()
        if not request.is_same_origin:
            return redirect(PASSWORD_CODE_PATH)
        code, new = Secret(asked.get("code", "")[:TEXT_MAX]), Secret(asked.get("new", "")[:TEXT_MAX])
        try:
            owner = await self._own.factors.owner_at(Address.parse(asked.get("address", "")))
            duty = await self._own.factors.is_enforced(owner)
            await self._own.changes.set_by_code(owner, code, new, request.peer, has_mfa=duty)
        except AddressError:
            return self._code_page(language, [say(language, "wrong_code")], 403)
        except (PermanentError, TransientError) as exc:
            return self._code_page(language, *_sentences(language, exc, "wrong_code"))
        return _changed(language)

    def _code_page(self, language: Language, said: list[str], status: int = 200) -> Response:
        minimum = str(self._own.changes.minimum(has_mfa=False))
        body = form(
            PASSWORD_CODE_PATH,
            field(say(language, "address"), "address", kind="email", autocomplete="username"),
            field(say(language, "reset_code"), "code"),
            field(say(language, "new", minimum=minimum), "new", kind="password", autocomplete="new-password"),
            button(say(language, "change")),
        )
        told = [paragraph(each, "wrong") for each in said]
        return page(language, say(language, "password_code_title"), [*told, body], status=status)

    # ---------------------------------------------------------------------------------------------------------------

    async def _posted(self, request: WebRequest, *, may_be_given: bool = False) -> tuple[Own | None, dict[str, str]]:
        """Nobody, for what another site's page has sent."""
        asked = request.form()
        if not request.is_same_origin:
            return None, asked
        return await own_of(self._own, self._visits, request, may_be_given=may_be_given), asked

    async def _is_enforced(self, own: Own) -> bool:
        return await self._own.factors.is_enforced(own.owner)

    def _on(self, request: WebRequest, own: Own) -> Response:
        """Who has just enrolled his first factor shows it once before he goes on."""
        if own.is_enrolling:
            self._visits.end(request)
            return redirect(SIGN_IN_PATH)
        return redirect(SECURITY_PATH)


def _state(language: Language, state: FactorState, own: Own) -> list[str]:
    body = [paragraph(say(language, "have" if state.factors else "none", address=state.address))]
    for each in state.factors:
        words = paragraph(f"{each.name} ({each.kind})")
        body.append(form(REMOVE_PATH, words, hidden("factor", str(each.factor)), button(say(language, "remove"))))
    if state.is_required:
        body.append(paragraph(say(language, "demanded")))
    body += [_link(APP_PATH, say(language, "add_app")), _link(PASSKEY_PATH, say(language, "add_passkey"))]
    if not own.is_enrolling:
        body.append(_link(PASSWORD_PATH, say(language, "change_password")))
        body.append(_link("/", say(language, "back")))
    if state.factors:
        body.append(paragraph(say(language, "codes_left", count=str(state.recovery_codes))))
        body.append(form(CODES_PATH, button(say(language, "make_codes"))))
    return body


def _changed(language: Language) -> Response:
    body = [paragraph(say(language, "changed")), _link(SIGN_IN_PATH, say(language, "sign_in"))]
    return page(language, say(language, "password_title"), body)


def _sentences(
    language: Language, error: PermanentError | TransientError, wrong: str, denied: str = "not_permitted"
) -> tuple[list[str], int]:
    if isinstance(error, PasswordRefusedError):
        return list(explain(error, language)), 422
    said, status = _told(error, wrong, denied)
    return [say(language, said)], status


def _told(error: PermanentError | TransientError, wrong: str, denied: str = "not_permitted") -> tuple[str, int]:
    """What the page says and its status."""
    if isinstance(error, TransientError):
        if error.reason is not Reason.RATE_LIMITED:
            raise error
        return "too_often", 429
    known = {Reason.NOT_PERMITTED: (denied, 403), Reason.BAD_SYNTAX: ("bad_name", 422)}
    return known.get(error.reason, (wrong, 403))


def _qr(text: Secret) -> str:
    """As a drawing in the page, so that it is nowhere else; 6 ms."""
    import segno

    return segno.make(text.reveal().decode(), error="m").svg_inline(scale=5, border=4)


def _link(place: str, text: str) -> str:
    return f'<p><a href="{place}">{escape(text)}</a></p>'


def _again() -> Response:
    return redirect(f"{SIGN_IN_PATH}?next={SECURITY_PATH}")


def _language(request: WebRequest) -> Language:
    return language_of(request.field("accept-language"))
