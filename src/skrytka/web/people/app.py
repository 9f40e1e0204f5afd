"""The application of ``listeners.web``: where each kind of page has its place."""

from dataclasses import dataclass
from typing import Final

from skrytka.mail.identity.login import Identity
from skrytka.mail.identity.oauth.deps import OAuthDeps
from skrytka.mail.identity.types import SecondFactors
from skrytka.model.clock import Clock, Random
from skrytka.model.events import Emitter
from skrytka.net.limits import LimitTable
from skrytka.protocol.http.server import Response
from skrytka.web.http import CSS, Page, WebRequest, text
from skrytka.web.people import oauth
from skrytka.web.people.consent import Consent
from skrytka.web.people.markup import STYLE, STYLE_PATH
from skrytka.web.people.not_me import Locks, not_me_pages
from skrytka.web.people.own_account import AccountOfOne, LoginLog, OwnAccount, SessionsOfOne
from skrytka.web.people.own_apps import AppPasswordsOfOne, OwnApps
from skrytka.web.people.own_programs import Granted, OwnPrograms
from skrytka.web.people.own_security import OwnSecurity
from skrytka.web.people.passkeys import Passkeys
from skrytka.web.people.providers import ProviderDeps, Providers
from skrytka.web.people.security import Security
from skrytka.web.people.sign_in import SignIn
from skrytka.web.people.sign_out import SignOut
from skrytka.web.people.visits import Visits
from skrytka.web.router import Router
from skrytka.web.session import WebApp

ADDRESSES_MAX: Final = 10_000  # 3 MB, of which it is known how often they asked


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleDeps:
    """Made by the composition root; what a kind of page needs besides is a field of its own."""

    hostname: str
    origin: str  # "https://host[:port]", as browsers see this application
    identity: Identity
    factors: SecondFactors
    own: OwnSecurity
    oauth: OAuthDeps
    programs: Granted  # what somebody let in
    providers: ProviderDeps
    accounts: AccountOfOne
    apps: AppPasswordsOfOne
    sessions: SessionsOfOne
    logins: LoginLog | None = None  # None: this process cannot read the event log
    events: Emitter
    clock: Clock
    random: Random
    locks: Locks | None = None  # None: links of alerts lead nowhere


def people_app(deps: PeopleDeps) -> WebApp:
    """All of its pages: a module of this package adds its ``pages(deps)`` here."""

    async def style(_request: WebRequest) -> Response:
        return Response(200, STYLE, (CSS,))

    visits = Visits(deps.identity, deps.clock, deps.random)
    pages: tuple[Page, ...] = (
        Page("GET", STYLE_PATH, style),
        *SignIn(deps.identity, deps.factors, visits, deps.providers.names).pages(),
        *SignOut(deps.providers, visits).pages(),
        *Security(deps.own, visits, has_providers=bool(deps.providers.providers)).pages(),
        *Providers(deps.providers, deps.own, deps.factors, visits, LimitTable(deps.clock, ADDRESSES_MAX)).pages(),
        *Passkeys(deps.own, visits, LimitTable(deps.clock, ADDRESSES_MAX)).pages(),
        *Consent(deps.oauth, visits).pages(),
        *OwnPrograms(deps.programs, visits).pages(),
        *OwnApps(deps.apps, deps.own, visits).pages(),
        *OwnAccount(deps.accounts, deps.sessions, deps.logins, visits).pages(),
        *oauth.pages(deps.oauth),
        *(not_me_pages(deps.locks) if deps.locks is not None else ()),
    )
    return WebApp(app=Router(pages), refused=lambda status: text(status, f"{status}\n"), clock=deps.clock)
