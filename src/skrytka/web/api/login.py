"""Sessions of the API: begun with a password and a factor, looked at, proved again, ended.

Who has a role and no factor gets a session that opens nothing but this: he enrols one on the pages for people first.
What is wrong is answered alike, whatever it was.
"""

from dataclasses import dataclass
from typing import Final, Literal, TypeVar

import msgspec

from skrytka.mail.admin.commands.access import Me
from skrytka.mail.admin.commands.base import CommandDeps, NoArgs
from skrytka.mail.admin.commands.run import execute
from skrytka.mail.identity.login import Identity
from skrytka.mail.identity.roles import GIVEN
from skrytka.mail.identity.sessions import Place, Session
from skrytka.mail.identity.types import Login, SecondFactors
from skrytka.model.errors import UNREADABLE, PermanentError, Reason, TransientError
from skrytka.model.secret import Secret
from skrytka.net.facts import ConnFacts
from skrytka.protocol.http.server import Response
from skrytka.web.api.auth import COOKIE, Authentication, Refusal, demand_json
from skrytka.web.api.problems import problem, problem_of
from skrytka.web.http import Handler, Page, WebRequest, json

T = TypeVar("T", bound=msgspec.Struct)

PATH: Final = "/api/v1/session"
MECHANISM: Final = "API"
SERVICE: Final = "web"  # a password is typed into a browser, or into a program of an administrator's
WRONG: Final = "the address, the password or the code is wrong"
CLEAR: Final = f"{COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0"


class LoginArgs(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``use``: whether a cookie is set, or the session's token stands in the answer, for programs."""

    address: str
    password: str
    code: str | None = None
    use: Literal["cookie", "bearer"] = "cookie"

    def __repr__(self) -> str:
        return f"LoginArgs({self.address})"


class ProofArgs(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who it is, once more."""

    password: str
    code: str | None = None

    def __repr__(self) -> str:
        return "ProofArgs()"


class SessionState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A session as its client sees it."""

    address: str
    expires_at_ms: int
    is_enrolling: bool = False  # a factor, or a password of his own, comes first: on the pages for people
    token: str = ""  # of "bearer"
    me: Me | None = None

    def __repr__(self) -> str:
        return f"SessionState({self.address})"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginDeps:
    """Made by the composition root."""

    commands: CommandDeps
    identity: Identity
    factors: SecondFactors
    is_demo: bool


class ApiLogin:
    """Its pages."""

    def __init__(self, deps: LoginDeps, authentication: Authentication) -> None:
        self._deps = deps
        self._authentication = authentication

    def pages(self) -> list[Page]:
        return [
            Page("POST", PATH, _answering(self._begin)),
            Page("GET", PATH, _answering(self._look)),
            Page("DELETE", PATH, _answering(self._end)),
            Page("POST", PATH + "/proof", _answering(self._prove)),
        ]

    async def _begin(self, request: WebRequest) -> Response:
        self._authentication.count_login(request)
        if not request.is_same_origin:
            raise Refusal(problem(403, "that came from the page of another site", "not_permitted"))
        args = _read(request, LoginArgs)
        login = await self._login(args.address, args.password, request)
        self._authentication.demand_owner(request, login.account)
        place = Place(request.peer.remote, request.field("user-agent"))
        if not await self._deps.factors.must_enrol(login):
            await self._check(login, args.code, request)
        elif await self._has_to_enrol(login):
            place = msgspec.structs.replace(place, is_enrolling=True)
        else:
            place = msgspec.structs.replace(place, is_bare=not self._deps.is_demo)
        if not place.is_enrolling:
            await self._deps.identity.whole(login, _as_web(request.peer), MECHANISM)
        if await self._deps.factors.must_change(login):
            place = msgspec.structs.replace(place, is_enrolling=True)
        sessions = self._deps.commands.admin.sessions
        if (before := await sessions.find(request.cookies.get(COOKIE, ""))) is not None:
            await sessions.end(before.account, before.key.hex())  # what this browser had before (ASVS 7.2.4)
        token = await sessions.begin(login.account, place, is_proved=not place.is_enrolling)
        return await self._session(token, is_cookie=args.use == "cookie", status=201)

    async def _look(self, request: WebRequest) -> Response:
        session = await self._of(request)
        return json(await self._state(session))

    async def _end(self, request: WebRequest) -> Response:
        session = await self._of(request)
        await self._deps.commands.admin.sessions.end(session.account, session.key.hex())
        return Response(204, fields=(("Set-Cookie", CLEAR),))

    async def _prove(self, request: WebRequest) -> Response:
        """OWASP ASVS 5 7.5.1: all that a login takes, again."""
        session, args = await self._of(request), _read(request, ProofArgs)
        login = await self._login(session.actor.name, args.password, request)
        if login.account != session.account or session.place.is_enrolling:
            raise PermanentError(Reason.BAD_CREDENTIALS)
        if not await self._deps.factors.must_enrol(login):
            await self._check(login, args.code, request)
        elif await self._has_to_enrol(login):
            raise PermanentError(Reason.NOT_PERMITTED, "enrol a second factor first")
        token = await self._deps.commands.admin.sessions.prove(session)
        return await self._session(token, is_cookie=not request.field("authorization"), status=200)

    async def _login(self, address: str, password: str, request: WebRequest) -> Login:
        return await self._deps.identity.login(address, Secret(password), _as_web(request.peer), MECHANISM)

    async def _check(self, login: Login, code: str | None, request: WebRequest) -> None:
        if not code:
            raise Refusal(problem(401, "a code of your second factor is needed too", "factor_needed"))
        await self._deps.factors.check(login, Secret(code), _as_web(request.peer))

    async def _has_to_enrol(self, login: Login) -> bool:
        """Everybody with a role, and whom a rule demands it of."""
        if await self._deps.factors.is_needed(login):
            return True
        grants = await self._deps.commands.admin.roles.of(login.account)
        return not self._deps.is_demo and any(grant.role in GIVEN for grant in grants)

    async def _of(self, request: WebRequest) -> Session:
        asker = await self._authentication.of(request)
        if asker.session is None:
            raise PermanentError(Reason.NOT_PERMITTED, "a key has no session")
        return asker.session

    async def _session(self, token: Secret, *, is_cookie: bool, status: int) -> Response:
        session = await self._deps.commands.admin.sessions.find(token.reveal().decode())
        if session is None:
            raise TransientError(Reason.STORE_BUSY)
        state = await self._state(session)
        if is_cookie:
            cookie = f"{COOKIE}={token.reveal().decode()}; Path=/; Secure; HttpOnly; SameSite=Strict"
            return json(state, status, (("Set-Cookie", cookie),))
        return json(msgspec.structs.replace(state, token=token.reveal().decode()), status)

    async def _state(self, session: Session) -> SessionState:
        me = None
        if not session.place.is_enrolling:
            me = await execute(self._deps.commands, "me", NoArgs(), session.actor, _nothing)
        return SessionState(
            address=session.actor.name,
            expires_at_ms=session.expires_at_ms,
            is_enrolling=session.place.is_enrolling,
            me=me if isinstance(me, Me) else None,
        )


def _read(request: WebRequest, kind: type[T]) -> T:
    demand_json(request)
    try:
        return msgspec.json.decode(request.body, type=kind)
    except UNREADABLE as exc:
        raise Refusal(problem(422, "what is wanted: address, password, code", Reason.BAD_SYNTAX.value)) from exc


def _as_web(peer: ConnFacts) -> ConnFacts:
    return msgspec.structs.replace(peer, service=SERVICE)


def _answering(handler: Handler) -> Handler:
    """With answers for what is refused."""

    async def answer(request: WebRequest) -> Response:
        try:
            return await handler(request)
        except Refusal as refusal:
            return refusal.response
        except PermanentError as exc:
            if exc.reason is Reason.BAD_CREDENTIALS:
                return problem(401, WRONG, exc.reason.value)
            return problem_of(exc)
        except TransientError as exc:
            return problem_of(exc)

    return answer


async def _nothing(_text: str) -> None:
    """There is no progress to tell."""
