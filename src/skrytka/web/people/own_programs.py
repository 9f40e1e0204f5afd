"""What somebody has let in: he sees it and ends it (OWASP ASVS 10.7.3)."""

import contextlib
import datetime as dt
from collections.abc import Sequence
from typing import Final, Protocol

from skrytka.mail.admin.oauth import Ended, GrantInfo
from skrytka.model.errors import PermanentError
from skrytka.protocol.http.server import Response
from skrytka.web.http import Page, WebRequest, redirect
from skrytka.web.people.markup import Language, button, form, hidden, language_of, page, paragraph
from skrytka.web.people.sign_in import sign_in_place
from skrytka.web.people.visits import Visits
from skrytka.web.people.words import say

PROGRAMS_PATH: Final = "/programs"


class Granted(Protocol):
    """``mail.admin.oauth.Programs`` is one."""

    async def grants(self, address: str) -> Sequence[GrantInfo]: ...

    async def revoke(self, address: str, actor: str, grant: str | None = None, *, cause: str = "admin") -> Ended: ...


class OwnPrograms:
    """Its page."""

    def __init__(self, programs: Granted, visits: Visits) -> None:
        self._programs = programs
        self._visits = visits

    def pages(self) -> tuple[Page, ...]:
        return (Page("GET", PROGRAMS_PATH, self._list), Page("POST", PROGRAMS_PATH, self._end))

    async def _list(self, request: WebRequest) -> Response:
        language, visit = language_of(request.field("accept-language")), await self._visits.of(request)
        if visit is None:
            return redirect(sign_in_place(PROGRAMS_PATH))
        address = visit.person.address
        rows = [part for info in await self._programs.grants(address) for part in _row(language, info)]
        body = rows or [paragraph(say(language, "programs_none"))]
        signed_in = paragraph(say(language, "signed_in_as", address=address))
        return page(language, say(language, "programs_title"), [signed_in, *body])

    async def _end(self, request: WebRequest) -> Response:
        visit = await self._visits.of(request)
        if visit is None or not request.is_same_origin:
            return redirect(sign_in_place(PROGRAMS_PATH))
        address = visit.person.address
        with contextlib.suppress(PermanentError):  # it has ended already: the list says so
            await self._programs.revoke(address, address, request.form().get("grant", ""), cause="owner")
        return redirect(PROGRAMS_PATH)


def _row(language: Language, info: GrantInfo) -> list[str]:
    scopes = ", ".join(say(language, f"scope_{scope}") for scope in info.scopes)
    said = say(
        language,
        "programs_row",
        client=info.client,
        since=_day(info.created_at_ms),
        used=_day(info.used_at_ms),
        scopes=scopes,
    )
    return [paragraph(said), form(PROGRAMS_PATH, hidden("grant", info.grant), button(say(language, "programs_end")))]


def _day(at_ms: int) -> str:
    return dt.datetime.fromtimestamp(at_ms / 1000, dt.UTC).strftime("%Y-%m-%d")
