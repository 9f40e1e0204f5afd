"""App passwords that people make for themselves: scoped, named, shown once, ended by whoever has them.

Whoever makes or ends one has signed in within five minutes, with all that he has to show.
"""

import contextlib
import re
from collections.abc import Sequence
from typing import Final, Protocol

from skrytka.mail.admin.app_passwords import AppPasswordInfo, AppPasswordMade, AppPasswordsGone
from skrytka.model.errors import PermanentError, Reason
from skrytka.protocol.http.server import Response
from skrytka.web.http import Page, WebRequest, redirect
from skrytka.web.people.markup import (
    Language,
    button,
    checkbox,
    escape,
    field,
    form,
    heading,
    hidden,
    language_of,
    link,
    page,
    paragraph,
    secret,
    select,
    table,
    when,
)
from skrytka.web.people.own_security import Own, OwnSecurity, own_of
from skrytka.web.people.own_words import say
from skrytka.web.people.paths import APPS_PATH
from skrytka.web.people.sign_in import sign_in_place
from skrytka.web.people.visits import Visits

SERVICES: Final = ("imap", "smtp")  # that there are here; an app password for nothing is none
DAYS: Final = ("365", "90", "30", "")
TEXT_MAX: Final = 2000
_SAID: Final = {Reason.ALREADY_EXISTS: ("name_taken", 409), Reason.TOO_MANY: ("too_many", 409)}
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,9}")
_APART: Final = re.compile(r"[\s,;]+")


class AppPasswordsOfOne(Protocol):
    """``mail.admin.app_passwords.AppPasswords`` is one."""

    async def add(
        self,
        address: str,
        name: str,
        actor: str,
        *,
        services: Sequence[str] = (),
        networks: Sequence[str] = (),
        days: int | None = None,
    ) -> AppPasswordMade: ...

    async def list(self, address: str) -> Sequence[AppPasswordInfo]: ...

    async def remove(self, address: str, number: int | None, actor: str) -> AppPasswordsGone: ...


class OwnApps:
    """Its page."""

    def __init__(self, apps: AppPasswordsOfOne, own: OwnSecurity, visits: Visits) -> None:
        self._apps = apps
        self._own = own
        self._visits = visits

    def pages(self) -> tuple[Page, ...]:
        return (Page("GET", APPS_PATH, self._list), Page("POST", APPS_PATH, self._change))

    async def _list(self, request: WebRequest) -> Response:
        own = await self._of(request)
        return _again() if own is None else await self._listed(own, language_of(request.field("accept-language")))

    async def _change(self, request: WebRequest) -> Response:
        own = await self._of(request)
        if own is None or not request.is_same_origin:
            return _again()
        asked, language = request.form(), language_of(request.field("accept-language"))
        if "end" in asked:
            return await self._end(own, asked["end"])
        try:
            made = await self._make(own, asked)
        except PermanentError as exc:
            return await self._listed(own, language, *_SAID.get(exc.reason, ("bad_form", 422)))
        return _made_page(language, made)

    async def _of(self, request: WebRequest) -> Own | None:
        """Who has shown all that he has to, a short while ago."""
        own = await own_of(self._own, self._visits, request)
        return None if own is None or own.is_enrolling else own

    async def _make(self, own: Own, asked: dict[str, str]) -> AppPasswordMade:
        services = tuple(each for each in SERVICES if each in asked)
        if not services or asked.get("days", "") not in DAYS:
            raise PermanentError(Reason.BAD_SYNTAX)
        networks = tuple(each for each in _APART.split(asked.get("networks", "")[:TEXT_MAX]) if each)
        days, address = asked.get("days", ""), own.owner.address.key
        return await self._apps.add(
            address,
            asked.get("name", "")[:TEXT_MAX],
            address,
            services=services,
            networks=networks,
            days=int(days) if days else None,
        )

    async def _end(self, own: Own, number: str) -> Response:
        address = own.owner.address.key
        if _NUMBER.fullmatch(number):  # 0 would be all of them
            with contextlib.suppress(PermanentError):  # it has ended already: the list says so
                await self._apps.remove(address, int(number), address)
        return redirect(APPS_PATH)

    async def _listed(self, own: Own, language: Language, said: str = "", status: int = 200) -> Response:
        rows = [_row(language, info) for info in await self._apps.list(own.owner.address.key)]
        names = [say(language, key) for key in ("name", "services", "networks", "made", "ends", "used")]
        body = [
            *([paragraph(say(language, said), "wrong")] if said else []),
            paragraph(say(language, "apps_why")),
            table([*names, ""], rows) if rows else paragraph(say(language, "apps_none")),
            heading(say(language, "apps_new")),
            _form(language),
            link("/", say(language, "back")),
        ]
        return page(language, say(language, "apps"), body, status=status)


def _form(language: Language) -> str:
    lives = [(days, say(language, "days", days=days) if days else say(language, "no_end")) for days in DAYS]
    return form(
        APPS_PATH,
        field(say(language, "apps_name"), "name"),
        *(checkbox(say(language, each), each) for each in SERVICES),
        field(say(language, "apps_networks"), "networks", is_needed=False),
        select(say(language, "apps_days"), "days", lives),
        button(say(language, "make")),
    )


def _row(language: Language, info: AppPasswordInfo) -> list[str]:
    """Markup of each cell."""
    services = ", ".join(say(language, each) for each in info.services) or say(language, "everything")
    used = say(language, "never")
    if info.used_at_ms:
        used = say(language, "used_at", at=when(info.used_at_ms), place=info.used_from, service=info.used_by)
    ends = when(info.expires_at_ms) if info.expires_at_ms else say(language, "never")
    texts = (info.name, services, ", ".join(info.networks) or say(language, "anywhere"), when(info.created_at_ms))
    end = form(APPS_PATH, hidden("end", str(info.number)), button(say(language, "end")))
    return [*map(escape, (*texts, ends, used)), end]


def _made_page(language: Language, made: AppPasswordMade) -> Response:
    body = [
        paragraph(say(language, "apps_keep", address=made.address)),
        secret(made.password),
        link(APPS_PATH, say(language, "back")),
    ]
    return page(language, say(language, "apps_made", name=made.app_password.name), body)


def _again() -> Response:
    return redirect(sign_in_place(APPS_PATH))
