"""Certificates for machines that administer from elsewhere."""

from typing import Annotated, Any, Final, Protocol

import msgspec

from skrytka.mail.admin.commands.base import Args, Command, CommandDeps, Progress, Route, on_node
from skrytka.mail.identity.permissions import Permission
from skrytka.model.actor import Actor
from skrytka.model.errors import PermanentError, Reason

DAYS_MAX: Final = 90  # nothing revokes them


class ClientCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """PEM of a certificate and its key; shown this once."""

    name: str
    days: int
    certificate: str
    key: str

    def __repr__(self) -> str:
        return "ClientCertificate()"


class Clients(Protocol):
    """Signs for machines, by the authority of the key ring."""

    async def issue(self, name: str, days: int) -> ClientCertificate:
        """PermanentError(BAD_SYNTAX) for what is no host name."""
        ...


class ClientArgs(Args, frozen=True, kw_only=True):
    name: str
    days: Annotated[int, msgspec.Meta(ge=1, le=DAYS_MAX)] = 30


async def _issue(deps: CommandDeps, args: Any, actor: Actor, _progress: Progress) -> object:
    if deps.clients is None:
        raise PermanentError(Reason.UNSUPPORTED, "only a running server signs certificates: start it first")
    made = await deps.clients.issue(args.name, args.days)
    deps.admin.domains.changed(actor.name, "cert.client", made.name)
    return made


CLIENT_COMMANDS: Final[dict[str, Command]] = {
    "cert.client": Command(
        args=ClientArgs,
        result=ClientCertificate,
        permission=Permission.CERTIFICATE_WRITE,
        scope=on_node,
        is_dangerous=True,
        run=_issue,
        route=Route("POST", "/certificates/clients"),
    ),
}
