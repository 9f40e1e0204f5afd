"""One command, asked by name: decoded, allowed or refused, carried out."""

from typing import Any, Final

import msgspec

from skrytka.mail.admin.commands.base import Args, Command, CommandDeps, Progress, Scope
from skrytka.mail.admin.commands.table import COMMANDS
from skrytka.mail.identity.permissions import demand, may, may_somewhere
from skrytka.model.actor import Actor
from skrytka.model.errors import UNREADABLE, PermanentError, Reason, ReasonedError, TransientError
from skrytka.model.secret import Secret


class Request(msgspec.Struct, frozen=True):
    """One command; ``args`` are decoded by the command's own type."""

    command: str
    args: msgspec.Raw = msgspec.Raw(b"{}")


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """The last frame of a command."""

    ok: bool
    result: Any = None
    error: str = ""  # a Reason's value
    detail: str = ""
    mend: str = ""


MENDS: Final[dict[Reason, str]] = {
    Reason.BAD_SYNTAX: "correct the argument and try again",
    Reason.NO_SUCH_DOMAIN: "see `skrytka domain list`; add it with `skrytka domain add`",
    Reason.NO_SUCH_USER: "see `skrytka account list` and `skrytka alias list`",
    Reason.NO_SUCH_OBJECT: "see `skrytka alias list` and `skrytka queue list`",
    Reason.ALREADY_EXISTS: "choose another name, or remove what is there first",
    Reason.STORE_BUSY: "try again in a moment",
    Reason.STORE_DOWN: "try again in a moment; if it stays so, look at the event log for store faults",
    Reason.DISK_FULL: "make room on the disk of the data folder",
    Reason.KEY_UNAVAILABLE: "look at the key ring: its disk, its rights and keys/master.key",
    Reason.CORRUPT: "run `skrytka store check`",
}

BUG: Final = Answer(
    ok=False, error=Reason.BUG.value, detail="an error inside the server, which is in the event log", mend="report it"
)


async def run_command(deps: CommandDeps, request: bytes, actor: Actor, progress: Progress) -> Answer:
    """One request as it came, answered; raises nothing but bugs. The CLI calls it itself when the server is stopped."""
    try:
        asked = msgspec.json.decode(request, type=Request)
        command = COMMANDS.get(asked.command)
        if command is None:
            raise PermanentError(Reason.UNSUPPORTED, f"there is no command {asked.command!r}")
        args = msgspec.json.decode(asked.args, type=command.args, dec_hook=secret_hook)
        return Answer(ok=True, result=await execute(deps, command, args, actor, progress))
    except UNREADABLE as exc:
        return Answer(ok=False, error=Reason.BAD_SYNTAX.value, detail=str(exc), mend=MENDS[Reason.BAD_SYNTAX])
    except (PermanentError, TransientError) as exc:
        return refusal(exc)


async def execute(deps: CommandDeps, command: Command, args: Args, actor: Actor, progress: Progress) -> object:
    """What the command returns, of which a listing shows only what the actor may see. PermanentError: he may not."""
    scope = command.scope(args)
    _allow(command, args, scope, actor)
    result = await command.run(deps, args, actor, progress)
    if scope.is_listing and command.row_domain is not None and isinstance(result, list):
        row_domain, permission = command.row_domain, command.permission
        return [row for row in result if may(actor, permission, row_domain(row))]
    return result


def _allow(command: Command, args: Args, scope: Scope, actor: Actor) -> None:
    if scope.is_listing and may_somewhere(actor, command.permission):
        return
    demand(actor, command.permission, scope.domain)
    if command.also is not None and (also := command.also(args)) is not None:
        demand(actor, also, None)


def refusal(error: ReasonedError) -> Answer:
    """An error as the administrator reads it."""
    detail = error.detail or error.reason.value.replace("_", " ")
    return Answer(ok=False, error=error.reason.value, detail=detail, mend=MENDS.get(error.reason, ""))


def secret_hook(kind: type, value: object) -> object:
    """Passwords become Secret as they are decoded, so that no struct prints them."""
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise ValueError(f"not a {kind.__name__}")
