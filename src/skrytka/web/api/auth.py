"""Who asks the API: a key of a program, or a session by its cookie or as a bearer token (RFC 6750 2.1).

A cookie alone changes nothing unless the browser says that our own page asks (Sec-Fetch-Site, Origin). How often
somebody may ask is counted by remote address before anything is looked up, then by key or session.
"""

from dataclasses import dataclass
from typing import Final

from skrytka.mail.identity.api_keys import PREFIX, ApiKeys
from skrytka.mail.identity.sessions import Session, Sessions
from skrytka.model.actor import Actor
from skrytka.model.ids import AccountId
from skrytka.model.secret import Secret
from skrytka.net.facts import host_of
from skrytka.net.limits import LimitTable
from skrytka.protocol.http.server import Response
from skrytka.web.api.door import Door
from skrytka.web.api.problems import problem
from skrytka.web.http import SAFE_METHODS, WebRequest

COOKIE: Final = "__Host-skrytka"
MINUTE_S: Final = 60.0
PER_ADDRESS: Final = 1200  # requests a minute
PER_SESSION: Final = 600
WRONG_PER_ADDRESS: Final = 30  # tokens that are nobody's
_BEARER: Final = "bearer "


@dataclass(frozen=True, slots=True)
class Asker:
    """Somebody who is known."""

    actor: Actor
    shown: str  # names the very session or key: one account has some that may do more than others
    session: Session | None = None


class Refusal(Exception):  # noqa: N818 - it is an answer
    """What is answered instead."""

    def __init__(self, response: Response) -> None:
        super().__init__(str(response.status))
        self.response = response


def demand_json(request: WebRequest) -> None:
    """:class:`Refusal` (415) for content of another type."""
    if request.media_type != "application/json":
        raise Refusal(problem(415, "application/json is wanted"))


class Authentication:
    """Of one application."""

    def __init__(self, sessions: Sessions, keys: ApiKeys, limits: LimitTable, door: Door) -> None:
        self._sessions = sessions
        self._keys = keys
        self._limits = limits
        self._door = door

    async def of(self, request: WebRequest) -> Asker:
        """:class:`Refusal` for who is nobody, comes from another site's page, or asks too often."""
        address = host_of(request.peer.remote)
        self._count("api-address", address, PER_ADDRESS)
        token, is_cookie = _token(request)
        if not token:
            raise Refusal(problem(401, "log in: POST /api/v1/session, or use a key", "bad_credentials"))
        if is_cookie and request.method not in SAFE_METHODS and not _is_from_our_page(request):
            raise Refusal(problem(403, "that came from the page of another site", "not_permitted"))
        found = await self._known(token, request)
        if found is None:
            self.count_wrong(request)
            raise Refusal(problem(401, "the session or key does not hold", "bad_credentials"))
        self.demand_owner(request, found.actor.account)
        return found

    def demand_owner(self, request: WebRequest, account: AccountId | None) -> None:
        """:class:`Refusal` for who asks with somebody else's certificate."""
        if not self._door.is_his(request, account):
            raise Refusal(self._door.refused(request, "other_account"))

    def count_wrong(self, request: WebRequest) -> None:
        """Who has shown what is nobody's; who has something right is never stopped by others."""
        self._count("api-wrong", host_of(request.peer.remote), WRONG_PER_ADDRESS)

    def count_login(self, request: WebRequest) -> None:
        """As for other requests, before anybody is known."""
        self._count("api-address", host_of(request.peer.remote), PER_ADDRESS)

    async def _known(self, token: str, request: WebRequest) -> Asker | None:
        if token.startswith(PREFIX):
            program = await self._keys.find(Secret(token), request.peer.remote)
            if program is None:
                return None
            self._count("api-key", program.key, program.per_minute)
            return Asker(program.actor, program.key)
        session = await self._sessions.find(token)
        if session is None:
            return None
        self._count("api-session", session.key.hex(), PER_SESSION)
        return Asker(session.actor, session.key.hex(), session)

    def _count(self, rule: str, key: str, limit: int) -> None:
        if not self._limits.take(rule, key, limit=limit, window_s=MINUTE_S):
            raise Refusal(_too_often())


def _too_often() -> Response:
    return problem(429, "too many requests", "rate_limited", retry_s=int(MINUTE_S))


def _token(request: WebRequest) -> tuple[str, bool]:
    """What is shown, and whether the browser does so by itself."""
    authorization = request.field("authorization")
    if authorization[: len(_BEARER)].lower() == _BEARER:
        return authorization[len(_BEARER) :].strip(" "), False
    return request.cookies.get(COOKIE, ""), True


def _is_from_our_page(request: WebRequest) -> bool:
    """Sure, not only likely: a browser has to say so."""
    return bool(request.field("sec-fetch-site") or request.field("origin")) and request.is_same_origin
