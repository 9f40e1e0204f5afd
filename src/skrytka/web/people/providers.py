"""Signing in by a provider of another house (OpenID Connect), and linking it with one's account.

What was begun is kept here, under a cookie of its own, for ten minutes: an answer counts once, in the browser that
asked, for the provider that was asked. Nothing that comes back says where the browser goes on to.
"""

import contextlib
import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import msgspec

from skrytka.mail.admin.provided import Entered
from skrytka.mail.identity.login import Identity
from skrytka.mail.identity.openid.links import LinkInfo
from skrytka.mail.identity.openid.provider import Provider, ProviderPerson
from skrytka.mail.identity.types import Login, SecondFactors
from skrytka.model.address import Address
from skrytka.model.errors import PermanentError, Reason, RemoteProtocolError, TransientError
from skrytka.model.ids import AccountId
from skrytka.model.settings import Provider as ProviderSettings
from skrytka.net.facts import host_of
from skrytka.net.limits import LimitTable
from skrytka.protocol.acme.jose import encode
from skrytka.protocol.http.server import Response
from skrytka.protocol.openid.exchange import AnswerError, Question
from skrytka.web.http import Page, WebRequest, redirect
from skrytka.web.people.markup import Language, button, escape, form, hidden, language_of, page, paragraph
from skrytka.web.people.own_security import Own, OwnSecurity, own_of
from skrytka.web.people.paths import CODE_PATH, PROVIDER_PATH, PROVIDERS_PATH, SECURITY_PATH, SIGN_IN_PATH
from skrytka.web.people.provider_words import say
from skrytka.web.people.sign_in import checked_after, sign_in_place, with_next
from skrytka.web.people.visits import Visit, Visits

COOKIE: Final = "__Host-provider"
BEGUN_S: Final = 600
BEGUN_MAX: Final = 10_000
BEGUN_A_MINUTE: Final = 60  # by one address: all share the room for them, and each is a question to the provider
MINUTE_S: Final = 60.0
MECHANISM: Final = "OIDC"
CALLBACK: Final = "/callback"
SAID_MAX: Final = 300
ASKED: Final = "asked"


class ProvidedAccounts(Protocol):
    """``mail.admin.provided.ProvidedPeople`` is one."""

    async def enter(self, person: ProviderPerson, settings: ProviderSettings) -> Entered: ...

    async def link(self, address: Address, person: ProviderPerson) -> None: ...

    async def unlink(self, address: str, issuer: str, actor: str) -> list[LinkInfo]: ...

    async def links(self, address: str) -> list[LinkInfo]: ...

    async def is_provided(self, account: AccountId) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderDeps:
    """Made by the composition root."""

    providers: Sequence[Provider]
    accounts: ProvidedAccounts
    origin: str

    @property
    def names(self) -> list[tuple[str, str]]:
        """Name and title of each."""
        return [(one.settings.name, one.settings.title or one.settings.name) for one in self.providers]


class Begun(msgspec.Struct, frozen=True):
    """A sign-in that waits for its answer."""

    provider: str
    question: Question
    after: str
    until_ms: int
    link: AccountId | None  # whose account is to be linked; None: somebody signs in

    def __repr__(self) -> str:
        return "Begun()"


class Providers:
    """Its pages."""

    def __init__(
        self, deps: ProviderDeps, own: OwnSecurity, factors: SecondFactors, visits: Visits, limits: LimitTable
    ) -> None:
        self._providers = {one.settings.name: one for one in deps.providers}
        self._deps = deps
        self._own = own
        self._factors = factors
        self._visits = visits
        self._limits = limits
        self._begun: OrderedDict[bytes, Begun] = OrderedDict()

    def pages(self) -> tuple[Page, ...]:
        return (
            Page("GET", f"{PROVIDER_PATH}/{{name}}", self._begin),
            Page("GET", f"{PROVIDER_PATH}/{{name}}{CALLBACK}", self._finish),
            Page("GET", PROVIDERS_PATH, self._list),
            Page("POST", PROVIDERS_PATH, self._unlink),
            Page("GET", f"{PROVIDERS_PATH}/{{name}}", self._begin_link),
        )

    # -- on the way to the provider -------------------------------------------------------------------------------

    async def _begin(self, request: WebRequest) -> Response:
        after = request.query.get("next", "")
        if not request.is_same_origin:  # another site may send people here, and begins nothing for them
            return redirect(sign_in_place(after))
        return await self._sent(request, after, None)

    async def _begin_link(self, request: WebRequest) -> Response:
        """From the list alone: whoever sends people here, or behind a sign-in, has nothing linked for them."""
        own = await self._whole(request)
        if own is None or not request.is_same_origin:
            return redirect(sign_in_place(SECURITY_PATH))
        if not hmac.compare_digest(request.query.get(ASKED, "").encode("utf-8", "replace"), _asked(own.visit)):
            return redirect(PROVIDERS_PATH)
        return await self._sent(request, SECURITY_PATH, own.owner.account)

    async def _sent(self, request: WebRequest, after: str, link: AccountId | None) -> Response:
        language, provider = _language(request), self._providers.get(request.params.get("name", ""))
        if provider is None:
            return redirect(sign_in_place(after))
        host = host_of(request.peer.remote)
        if not self._limits.take("provider-sign-in", host, limit=BEGUN_A_MINUTE, window_s=MINUTE_S):
            return _failed(language, "too_often", status=429)
        name = provider.settings.name
        question = provider.question(f"{self._deps.origin}{PROVIDER_PATH}/{name}{CALLBACK}")
        try:
            place = await provider.place(question)
        except (TransientError, RemoteProtocolError) as exc:
            return self._down(request, provider, exc)
        until_ms = self._own.clock.now_ms() + BEGUN_S * 1000
        cookie = self._keep(Begun(name, question, checked_after(after), until_ms, link))
        return _with_cookie(redirect(place), cookie)

    def _keep(self, begun: Begun) -> str:
        token = encode(self._own.random.token(32))
        self._begun[_key(token)] = begun
        now_ms = self._own.clock.now_ms()
        while len(self._begun) > BEGUN_MAX or next(iter(self._begun.values())).until_ms <= now_ms:
            self._begun.popitem(last=False)
        # Lax: the provider's answer comes from its site
        return f"{COOKIE}={token}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={BEGUN_S}"

    # -- and back -------------------------------------------------------------------------------------------------

    async def _finish(self, request: WebRequest) -> Response:
        language = _language(request)
        begun = self._begun.pop(_key(request.cookies.get(COOKIE, "")), None)
        provider = self._providers.get(request.params.get("name", ""))
        is_too_old = begun is None or self._own.clock.now_ms() >= begun.until_ms
        if begun is None or provider is None or is_too_old or begun.provider != provider.settings.name:
            return _failed(language, "too_old", status=403)
        try:
            person = await provider.answer(request.query, begun.question)
        except (TransientError, RemoteProtocolError) as exc:
            return self._down(request, provider, exc)
        if begun.link is not None:
            return await self._link(request, begun.link, person)
        return await self._enter(request, provider, person, begun.after)

    async def _enter(self, request: WebRequest, provider: Provider, person: ProviderPerson, after: str) -> Response:
        try:
            entered = await self._deps.accounts.enter(person, provider.settings)
        except PermanentError as exc:
            self._refused(request, provider, exc, person)
            said = "taken" if exc.reason is Reason.ALREADY_EXISTS else "nobody"
            return _failed(_language(request), said, status=403)
        try:
            login = await self._identity.provided(entered.address, entered.proof, request.peer, MECHANISM)
        except PermanentError:
            return _failed(_language(request), "nobody", status=403)
        return await self._on(request, login, person, after)

    async def _on(self, request: WebRequest, login: Login, person: ProviderPerson, after: str) -> Response:
        """Past the second factor, where he has shown it to the provider and that counts here."""
        self._visits.end(request)  # what this browser had before
        if person.has_mfa or not await self._factors.is_needed(login):
            await self._identity.whole(login, request.peer, MECHANISM)
            return _with_cookie(
                redirect(after), self._visits.begin(login, is_complete=True, remote=request.peer.remote)
            )
        place = SECURITY_PATH if await self._factors.must_enrol(login) else with_next(CODE_PATH, after)
        return _with_cookie(redirect(place), self._visits.begin(login, is_complete=False, remote=request.peer.remote))

    async def _link(self, request: WebRequest, account: AccountId, person: ProviderPerson) -> Response:
        own, language = await self._whole(request), _language(request)
        if own is None or own.owner.account != account:
            return _failed(language, "too_old", status=403)
        try:
            await self._deps.accounts.link(own.owner.address, person)
        except PermanentError as exc:
            said = "linked_already" if exc.reason is Reason.ALREADY_EXISTS else "another_address"
            return await self._listed(own, language, said, 403)
        return redirect(PROVIDERS_PATH)

    def _down(self, request: WebRequest, provider: Provider, exc: TransientError | RemoteProtocolError) -> Response:
        """The event has the cause, the page a sentence."""
        self._refused(request, provider, exc)
        if isinstance(exc, TransientError):
            return _failed(_language(request), "down", status=503)
        is_denied = isinstance(exc, AnswerError) and exc.is_denied
        return _failed(_language(request), "denied" if is_denied else "wrong", status=403)

    def _refused(
        self, request: WebRequest, provider: Provider, exc: Exception, person: ProviderPerson | None = None
    ) -> None:
        name = str(person.address) if person is not None and person.address is not None else ""
        self._identity.refuse(name, request.peer, MECHANISM, f"{provider.settings.name}: {exc}"[:SAID_MAX])

    # -- one's own ------------------------------------------------------------------------------------------------

    async def _list(self, request: WebRequest) -> Response:
        own = await self._whole(request)
        if own is None:
            return redirect(sign_in_place(SECURITY_PATH))
        return await self._listed(own, _language(request))

    async def _unlink(self, request: WebRequest) -> Response:
        asked, own = request.form(), await self._whole(request)
        if own is None or not request.is_same_origin:
            return redirect(sign_in_place(SECURITY_PATH))
        provider, address = self._providers.get(asked.get("name", "")), own.owner.address.key
        if provider is None or await self._deps.accounts.is_provided(own.owner.account):
            return await self._listed(own, _language(request), "not_permitted", 403)
        with contextlib.suppress(PermanentError):  # it has ended already: the list says so
            await self._deps.accounts.unlink(address, provider.settings.issuer, address)
        return redirect(PROVIDERS_PATH)

    async def _listed(self, own: Own, language: Language, said: str = "", status: int = 200) -> Response:
        links = {link.issuer for link in await self._deps.accounts.links(own.owner.address.key)}
        is_provided = await self._deps.accounts.is_provided(own.owner.account)
        body = [paragraph(say(language, said), "wrong")] if said else []
        for name, provider in self._providers.items():
            title = provider.settings.title or name
            if provider.settings.issuer not in links:
                place = f"{PROVIDERS_PATH}/{name}?{ASKED}={_asked(own.visit).decode()}"
                body.append(_link_to(place, say(language, "link", title=title)))
                continue
            words = paragraph(say(language, "linked", title=title))
            end = [] if is_provided else [hidden("name", name), button(say(language, "unlink"))]
            body.append(form(PROVIDERS_PATH, words, *end))
        body.append(_link_to(SECURITY_PATH, say(language, "back")))
        return page(language, say(language, "title"), body, status=status)

    async def _whole(self, request: WebRequest) -> Own | None:
        """Somebody who has signed in just now with all that he has to show."""
        own = await own_of(self._own, self._visits, request)
        return None if own is None or own.is_enrolling else own

    @property
    def _identity(self) -> Identity:
        return self._own.identity


def _with_cookie(response: Response, cookie: str) -> Response:
    return Response(response.status, response.body, (*response.fields, ("Set-Cookie", cookie)))


def _key(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def _asked(visit: Visit) -> bytes:
    """What nobody but the list of that very visit knows. No form: a policy for forms holds where it leads to, too."""
    return hashlib.sha256(b"link\0" + visit.key).hexdigest()[:32].encode()


def _failed(language: Language, said: str, *, status: int) -> Response:
    body = [paragraph(say(language, said), "wrong"), _link_to(SIGN_IN_PATH, say(language, "again"))]
    return page(language, say(language, "sign_in_title"), body, status=status)


def _link_to(place: str, text: str) -> str:
    return f'<p><a href="{escape(place)}">{escape(text)}</a></p>'


def _language(request: WebRequest) -> Language:
    return language_of(request.field("accept-language"))
