"""The page behind the link of an alert: "it wasn't me". Looking at it does nothing; the button locks the account.

Who has the link reads the account's mail, so it may only close the account, never open it. Mail scanners and previews
follow links with GET: they change nothing (RFC 9110 9.2.1).
"""

from typing import Final, Protocol

import msgspec

from skrytka.mail.admin.alerts import NOT_ME, read_token
from skrytka.mail.admin.compromise import LockInfo
from skrytka.model.errors import PermanentError
from skrytka.model.ids import AccountId
from skrytka.protocol.http.server import Response
from skrytka.web.http import Page, WebRequest
from skrytka.web.people.markup import Language, button, form, language_of, page, paragraph


class Locks(Protocol):
    """``mail.admin.compromise``."""

    async def is_link(self, account: AccountId, token: bytes) -> bool: ...

    async def lock_by_link(self, account: AccountId, token: bytes) -> LockInfo: ...


class NotMeWords(msgspec.Struct, frozen=True, kw_only=True):
    """All words of a language."""

    tag: Language
    title: str
    what: str
    button: str
    locked: str  # {address}
    gone: str


ENGLISH: Final = NotMeWords(
    tag="en",
    title="It was not me",
    what="This locks your mail account now: all sessions, app passwords and permissions of programs end, and nothing"
    " can be sent. Your administrator is told and helps you to a new password.",
    button="It was not me: lock my account",
    locked="{address} is locked. Call your administrator: he helps you to a new password.",
    gone="This link has ended or was used. If somebody else is in your account, call your administrator.",
)
POLISH: Final = NotMeWords(
    tag="pl",
    title="To nie ja",
    what="To blokuje teraz Twoje konto pocztowe: kończą się wszystkie sesje, hasła programów i zgody dla programów, nic"
    " nie będzie można wysłać. Administrator dowie się o tym i pomoże z nowym hasłem.",
    button="To nie ja: zablokuj moje konto",
    locked="{address}: konto jest zablokowane. Zadzwoń do administratora, pomoże z nowym hasłem.",
    gone="Ten odnośnik wygasł lub został użyty. Jeśli ktoś jest w Twoim koncie, zadzwoń do administratora.",
)
LANGUAGES: Final[dict[Language, NotMeWords]] = {words.tag: words for words in (ENGLISH, POLISH)}


def not_me_pages(locks: Locks) -> tuple[Page, ...]:
    """GET shows, POST locks."""

    async def show(request: WebRequest) -> Response:
        words, found = _words(request), read_token(request.params["token"])
        if found is None or not await locks.is_link(*found):
            return _page(words, words.gone, status=404)
        asking = form(f"{NOT_ME}/{request.params['token']}", button(words.button))
        return _page(words, words.what, asking)

    async def lock(request: WebRequest) -> Response:
        words, found = _words(request), read_token(request.params["token"])
        if found is None or not request.is_same_origin or not await locks.is_link(*found):
            return _page(
                words, words.gone, status=404
            )  # a look costs others nothing, a command has the store to itself
        try:
            info = await locks.lock_by_link(*found)
        except PermanentError:
            return _page(words, words.gone, status=404)
        return _page(words, words.locked.format(address=info.address))

    path = f"{NOT_ME}/{{token}}"
    return (Page("GET", path, show), Page("POST", path, lock))


def _words(request: WebRequest) -> NotMeWords:
    return LANGUAGES[language_of(request.field("accept-language"))]


def _page(words: NotMeWords, said: str, *more: str, status: int = 200) -> Response:
    return page(words.tag, words.title, (paragraph(said), *more), status=status)
