"""Where machines get certificates: the first one for the token of an invitation, the next ones by the one before."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import msgspec

from skrytka.mail.identity.machines import Enrolled
from skrytka.model.errors import UNREADABLE, PermanentError, Reason, TransientError
from skrytka.model.secret import Secret
from skrytka.net.machines import read_machine
from skrytka.protocol.http.server import Response
from skrytka.web.api.auth import Authentication, Refusal, demand_json
from skrytka.web.api.door import Door
from skrytka.web.api.problems import problem_of
from skrytka.web.http import Handler, Page, WebRequest, json

T = TypeVar("T", bound=msgspec.Struct)

PATH: Final = "/api/v1/enrolment"
RENEWAL: Final = PATH + "/renewal"


class EnrolArgs(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The token of an invitation, and a request for a certificate (RFC 2986, PEM)."""

    token: str
    request: str

    def __repr__(self) -> str:
        return "EnrolArgs()"


class RenewArgs(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request, of a key that is new too; the certificate of the connection says whose machine it is."""

    request: str


class Enrolment:
    """Its pages."""

    def __init__(self, door: Door, authentication: Authentication) -> None:
        self._door = door
        self._authentication = authentication

    def pages(self) -> list[Page]:
        return [Page("POST", PATH, _answering(self._enrol)), Page("POST", RENEWAL, _answering(self._renew))]

    async def _enrol(self, request: WebRequest) -> Enrolled:
        self._authentication.count_login(request)
        args = _read(request, EnrolArgs)
        try:
            return await self._door.machines.enrol(Secret(args.token), args.request, self._hours)
        except PermanentError as exc:
            if exc.reason is Reason.BAD_CREDENTIALS:
                self._door.tell(request.peer, None, "token")
                self._authentication.count_wrong(request)
            raise

    async def _renew(self, request: WebRequest) -> Enrolled:
        self._authentication.count_login(request)
        args = _read(request, RenewArgs)
        machine = read_machine(request.certificate) if request.certificate else None
        if machine is None:
            raise PermanentError(Reason.NOT_PERMITTED, "that wants the certificate that is to be renewed")
        return await self._door.machines.renew(machine, args.request, self._hours)

    @property
    def _hours(self) -> int:
        return self._door.settings.certificate_hours


def _read(request: WebRequest, kind: type[T]) -> T:
    demand_json(request)
    try:
        return msgspec.json.decode(request.body, type=kind)
    except UNREADABLE as exc:
        raise PermanentError(Reason.BAD_SYNTAX, str(exc)) from exc


def _answering(work: Callable[[WebRequest], Awaitable[Enrolled]]) -> Handler:
    async def answer(request: WebRequest) -> Response:
        try:
            return json(await work(request), 201)
        except Refusal as refusal:
            return refusal.response
        except (PermanentError, TransientError) as exc:
            return problem_of(exc)

    return answer
