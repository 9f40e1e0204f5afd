"""Where somebody is signed in, and who logged in to his account or tried: what he sees, and what he ends."""

import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

from skrytka.mail.admin.commands.logins import LoginInfo
from skrytka.mail.admin.types import AccountInfo
from skrytka.mail.identity.sessions import SessionInfo
from skrytka.model.address import Address
from skrytka.model.errors import PermanentError
from skrytka.model.ids import AccountId
from skrytka.protocol.http.server import Response
from skrytka.web.http import Page, WebRequest, redirect
from skrytka.web.people.markup import (
    Language,
    button,
    escape,
    form,
    hidden,
    language_of,
    link,
    page,
    paragraph,
    select,
    table,
    when,
)
from skrytka.web.people.own_words import known, say
from skrytka.web.people.paths import APPS_PATH, LOGINS_PATH, SECURITY_PATH, SESSIONS_PATH, SIGN_OUT_PATH
from skrytka.web.people.sign_in import sign_in_place
from skrytka.web.people.visits import Visit, Visits

HOME_PATH: Final = "/"
LANGUAGE_PATH: Final = "/security/language"
SPOKEN: Final = ("", "en", "pl")
LOGINS: Final = 100
_PLACES: Final = (
    (SECURITY_PATH, "security"),
    (APPS_PATH, "apps"),
    ("/programs", "programs"),
    (SESSIONS_PATH, "sessions"),
    (LOGINS_PATH, "logins"),
)

LoginLog = Callable[[Address, int], Awaitable[list[LoginInfo]]]


class SessionsOfOne(Protocol):
    """``mail.identity.sessions.Sessions`` is one."""

    async def list(self, account: AccountId) -> Sequence[SessionInfo]: ...

    async def end(self, account: AccountId, session_id: str) -> None: ...

    async def end_all(self, account: AccountId, kept: bytes = b"") -> int: ...


class AccountOfOne(Protocol):
    """``mail.admin.accounts.Accounts`` is one."""

    async def show(self, address: str) -> AccountInfo: ...

    async def set_language(self, address: str, language: str, actor: str) -> AccountInfo: ...


class OwnAccount:
    """Its pages; ``logins`` is None where the log cannot be read."""

    def __init__(
        self, accounts: AccountOfOne, sessions: SessionsOfOne, logins: LoginLog | None, visits: Visits
    ) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self._logins = logins
        self._visits = visits

    def pages(self) -> tuple[Page, ...]:
        return (
            Page("GET", HOME_PATH, self._home),
            Page("POST", LANGUAGE_PATH, self._speak),
            Page("GET", SESSIONS_PATH, self._list),
            Page("POST", SESSIONS_PATH, self._end),
            Page("GET", LOGINS_PATH, self._log),
        )

    async def _home(self, request: WebRequest) -> Response:
        language, visit = language_of(request.field("accept-language")), await self._visits.of(request)
        body = [link(place, say(language, key)) for place, key in _PLACES]
        if visit is not None:
            chosen = (await self._accounts.show(visit.login.address.key)).language
            body.append(_languages(language, chosen))
            body.append(form(SIGN_OUT_PATH, button(say(language, "sign_out"))))
        return page(language, say(language, "home"), body)

    async def _speak(self, request: WebRequest) -> Response:
        """In which language the server writes to him; that of his domain, or the server's, where he says none."""
        visit, wanted = await self._visits.of(request), request.form().get("language", "")
        if visit is not None and request.is_same_origin and wanted in SPOKEN:
            address = visit.login.address.key
            await self._accounts.set_language(address, wanted, address)
        return redirect(HOME_PATH)

    # -- sessions -------------------------------------------------------------------------------------------------

    async def _list(self, request: WebRequest) -> Response:
        visit, language = await self._visits.of(request), language_of(request.field("accept-language"))
        if visit is None:
            return redirect(sign_in_place(SESSIONS_PATH))
        account = visit.login.account
        rows = [_visit_row(language, each, is_this=each.key == visit.key) for each in self._visits.of_one(account)]
        rows += [_session_row(language, each) for each in await self._sessions.list(account)]
        body = [
            table([say(language, key) for key in ("what", "since", "seen", "place")] + [""], rows),
            form(SESSIONS_PATH, hidden("session", ""), button(say(language, "sessions_end_others"))),
            link(HOME_PATH, say(language, "back")),
        ]
        return page(language, say(language, "sessions"), body)

    async def _end(self, request: WebRequest) -> Response:
        visit = await self._visits.of(request)
        if visit is None or not request.is_same_origin:
            return redirect(sign_in_place(SESSIONS_PATH))
        account, session = visit.login.account, request.form().get("session", "")
        if session:
            with contextlib.suppress(PermanentError):  # it has ended already: the list says so
                await self._sessions.end(account, session)
        else:
            self._visits.end_others(visit)
            await self._sessions.end_all(account)
        return redirect(SESSIONS_PATH)

    # -- logins ---------------------------------------------------------------------------------------------------

    async def _log(self, request: WebRequest) -> Response:
        visit, language = await self._visits.of(request), language_of(request.field("accept-language"))
        if visit is None:
            return redirect(sign_in_place(LOGINS_PATH))
        if self._logins is None:
            found, nothing = [], "logins_cannot"
        else:
            found, nothing = await self._logins(visit.login.address, LOGINS), "logins_none"
        names = [say(language, key) for key in ("at", "outcome", "service", "means", "place", "country", "detail")]
        rows = [_login_row(language, each) for each in reversed(found)]
        body = [
            table(names, rows) if rows else paragraph(say(language, nothing)),
            paragraph(say(language, "logins_why")),
            link(HOME_PATH, say(language, "back")),
        ]
        return page(language, say(language, "logins"), body)


def _languages(language: Language, chosen: str) -> str:
    """The one that holds stands first."""
    choices = [(each, say(language, f"spoken_{each or 'none'}")) for each in sorted(SPOKEN, key=chosen.__ne__)]
    return form(LANGUAGE_PATH, select(say(language, "spoken"), "language", choices), button(say(language, "set")))


def _visit_row(language: Language, visit: Visit, *, is_this: bool) -> list[str]:
    what = say(language, "pages_now" if is_this else "pages")
    return [escape(what), when(visit.began_at_ms), "", escape(visit.remote), ""]


def _session_row(language: Language, info: SessionInfo) -> list[str]:
    what = say(language, "administration", agent=info.agent or "?")
    end = form(SESSIONS_PATH, hidden("session", info.id), button(say(language, "end")))
    return [escape(what), when(info.created_at_ms), when(info.seen_at_ms), escape(info.remote), end]


def _login_row(language: Language, info: LoginInfo) -> list[str]:
    outcome, means = known(language, "outcome", info.outcome), known(language, "means", info.means)
    texts = (info.at[:19].replace("T", " "), outcome, info.service, means, info.remote, info.country, info.detail)
    return [escape(text) for text in texts]
