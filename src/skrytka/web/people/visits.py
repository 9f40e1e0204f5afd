"""Who is signed in at the pages for people: for a quarter of an hour, in memory, under a cookie.

A visit is no session of the administration: it opens these pages and nothing else. It ends with the process, with
its time, and as soon as the password is changed or the account suspended. The cookie is new at each step.
"""

import hashlib
from collections import OrderedDict
from typing import Final

import msgspec

from skrytka.mail.identity.login import Identity
from skrytka.mail.identity.oauth.authorizations import Person
from skrytka.mail.identity.types import Login
from skrytka.model.clock import Clock, Random
from skrytka.model.ids import AccountId
from skrytka.protocol.acme.jose import encode
from skrytka.web.http import WebRequest

COOKIE: Final = "__Host-visit"  # RFC 6265bis 4.1.3.2: of this host, by TLS, for all paths
VISIT_S: Final = 900
VISITS_MAX: Final = 10_000
VISITS_OF_ONE: Final = 20  # of an account: who signs in again and again pushes out himself and nobody else


class Visit(msgspec.Struct, frozen=True):
    """Somebody whose password was right; ``is_complete``: and whatever else he has to show."""

    login: Login
    began_at_ms: int
    is_complete: bool
    is_given: bool = False  # by a password that somebody else has chosen: it opens the page for another one alone
    key: bytes = b""  # of its cookie: what belongs to this visit alone is kept by it
    remote: str = ""

    @property
    def person(self) -> Person:
        return Person(self.login.account, self.login.address.key, self.began_at_ms)


class Visits:
    """Of one process."""

    def __init__(self, identity: Identity, clock: Clock, random: Random) -> None:
        self._identity = identity
        self._clock = clock
        self._random = random
        self._visits: OrderedDict[bytes, Visit] = OrderedDict()
        self._own: dict[AccountId, list[bytes]] = {}  # keys of visits, some of which may have ended

    def begin(self, login: Login, *, is_complete: bool, is_given: bool = False, remote: str = "") -> str:
        """The field that sets the cookie."""
        token = encode(self._random.token(32))
        key = _key(token)
        self._visits[key] = Visit(login, self._clock.now_ms(), is_complete, is_given, key, remote)
        self._bound(login.account, key)
        # Lax, not Strict: a program of another site sends people here.
        return f"{COOKIE}={token}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={VISIT_S}"

    def _bound(self, account: AccountId, key: bytes) -> None:
        own = [each for each in self._own.get(account, ()) if each in self._visits]
        self._own[account] = [*own, key]
        for oldest in own[: max(0, len(own) + 1 - VISITS_OF_ONE)]:
            self._drop(oldest)
        if len(self._visits) > VISITS_MAX:
            self._drop(next(iter(self._visits)))

    def _drop(self, key: bytes) -> None:
        """It opens nothing any more; whoever has no other one is forgotten, so there are no more of these either."""
        if (visit := self._visits.pop(key, None)) is None:
            return
        account = visit.login.account
        if not (left := [each for each in self._own.get(account, ()) if each != key]):
            self._own.pop(account, None)
        else:
            self._own[account] = left

    async def of(self, request: WebRequest, *, is_complete: bool = True, may_be_given: bool = False) -> Visit | None:
        """Whose request it is, if he has come so far."""
        key = _key(request.cookies.get(COOKIE, ""))
        visit = self._visits.get(key)
        if visit is None or visit.is_complete is not is_complete or (visit.is_given and not may_be_given):
            return None
        is_over = self._clock.now_ms() - visit.began_at_ms >= VISIT_S * 1000
        if is_over or not await self._identity.is_still_valid(visit.login, request.peer):
            self._drop(key)
            return None
        return visit

    def of_one(self, account: AccountId) -> list[Visit]:
        """Those of an account that have not ended, the oldest first; in this process, the only one with pages."""
        since_ms = self._clock.now_ms() - VISIT_S * 1000
        found = [self._visits[key] for key in self._own.get(account, ()) if key in self._visits]
        return [visit for visit in found if visit.is_complete and visit.began_at_ms > since_ms]

    def end_others(self, kept: Visit) -> None:
        """All of its account but this one."""
        for key in list(self._own.get(kept.login.account, ())):
            if key != kept.key:
                self._drop(key)

    def end(self, request: WebRequest) -> None:
        """The cookie opens nothing any more."""
        self._drop(_key(request.cookies.get(COOKIE, "")))


def _key(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
