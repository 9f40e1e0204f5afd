"""The door of the API: from which machine somebody asks, by the certificate of his connection.

A certificate opens nothing by itself. It says from which machine somebody asks: where it is bound, from a machine of
his own alone. What was put out counts no more with the next request, also on a connection that is open.
"""

from dataclasses import dataclass
from typing import Final

from skrytka.mail.identity.machines import Machines
from skrytka.model.errors import Reason
from skrytka.model.events import Emitter, MachineRefused
from skrytka.model.ids import AccountId
from skrytka.model.machine import Machine, Purpose
from skrytka.model.settings import Api
from skrytka.net.facts import ConnFacts
from skrytka.net.machines import read_machine
from skrytka.protocol.http.server import Response
from skrytka.web.api.problems import problem
from skrytka.web.http import Handler, WebRequest

ENROL: Final = ("api", "v1", "enrolment")  # where who has no certificate gets one


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Who may ask at all, by the certificate of his connection."""

    machines: Machines
    events: Emitter
    settings: Api

    def guarded(self, app: Handler) -> Handler:
        """The application for who may ask; 403 for the others, whatever they ask."""

        async def guard(request: WebRequest) -> Response:
            why = await self._why_not(request)
            return await app(request) if not why else self.refused(request, why)

        return guard

    async def _why_not(self, request: WebRequest) -> str:
        if not request.certificate:
            is_let = not self.settings.is_client_certificate_needed or request.segments == ENROL
            return "" if is_let else "missing"
        machine = read_machine(request.certificate)
        if machine is None or machine.purpose is not Purpose.REMOTE:
            return "purpose"
        return "" if await self.machines.holds(machine) else "revoked"

    def is_his(self, request: WebRequest, account: AccountId | None) -> bool:
        """Whether somebody of that account may ask from there."""
        machine = read_machine(request.certificate) if request.certificate else None
        return machine is None or not self.settings.is_certificate_bound or machine.account == account

    def refused(self, request: WebRequest, why: str) -> Response:
        """Told, and answered."""
        machine = read_machine(request.certificate) if request.certificate else None
        self.tell(request.peer, machine, why)
        said = "a certificate is needed here that this server gave to a machine of yours, and that still counts"
        return problem(403, said, Reason.NOT_PERMITTED.value, "ask for an invitation: skrytka cert invite")

    def distrusted(self, peer: ConnFacts, why: str) -> None:
        """TLS has refused a certificate, or that there is none; "": something else was wrong."""
        if why:
            self.tell(peer, None, why)

    def tell(self, peer: ConnFacts, machine: Machine | None, why: str) -> None:
        """The event alone."""
        name = "" if machine is None else machine.uri
        self.events.emit(MachineRefused(service=peer.service, remote=peer.remote, machine=name, reason=why))
