"""One command, asked by name: decoded, allowed or refused, carried out."""

from typing import Any, Final

import msgspec

from skrytka.mail.admin.commands.base import Args, Command, CommandDeps, Progress, Scope
from skrytka.mail.admin.commands.second_person import Asked, Use, approved, give_back
from skrytka.mail.admin.commands.table import COMMANDS
from skrytka.mail.identity.permissions import demand, may, may_somewhere
from skrytka.mail.identity.types import FRESH_S
from skrytka.model.actor import Actor
from skrytka.model.errors import UNREADABLE, PermanentError, Reason, ReasonedError, TransientError
from skrytka.model.events import CommandDone
from skrytka.model.secret import Secret
from skrytka.store.sql import directory


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
    Reason.NO_SUCH_OBJECT: "look at the list of those there are: it may be gone, or be called otherwise",
    Reason.STEP_UP_NEEDED: "POST /api/v1/session/proof with password and code, and go on with the token it answers",
    Reason.ALREADY_EXISTS: "choose another name, or remove what is there first",
    Reason.STORE_BUSY: "try again in a moment",
    Reason.STORE_DOWN: "try again in a moment; if it stays so, look at the event log for store faults",
    Reason.DISK_FULL: "make room on the disk of the data folder",
    Reason.KEY_UNAVAILABLE: "look at the key ring: its disk, its rights and keys/master.key",
    Reason.CORRUPT: "run `skrytka store check`",
}

TOLD_MAX: Final = 2000

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
        return Answer(ok=True, result=await execute(deps, asked.command, args, actor, progress))
    except UNREADABLE as exc:
        return Answer(ok=False, error=Reason.BAD_SYNTAX.value, detail=str(exc), mend=MENDS[Reason.BAD_SYNTAX])
    except (PermanentError, TransientError) as exc:
        return refusal(exc)


async def execute(deps: CommandDeps, name: str, args: Args, actor: Actor, progress: Progress) -> object:
    """What the command of that name returns, of which a listing shows only what the actor may see.

    PermanentError: he may not (NOT_PERMITTED, NO_SUCH_OBJECT), or has to prove who he is (STEP_UP_NEEDED) or to ask a
    second person (APPROVAL_NEEDED) first. Every change is an event: who, what, what it was before and is after.
    """
    command = COMMANDS[name]
    scope = command.scope(args)
    _allow(command, args, scope, actor)
    if command.route.method == "GET":
        return _visible(command, scope, actor, await command.run(deps, args, actor, progress))
    use = await _guard(deps, name, args, scope, actor)
    try:
        before = await _state(deps, command, args)
        result = await command.run(deps, args, actor, progress)
    except ReasonedError as exc:
        await give_back(deps, use, exc)
        raise
    what, after = scope.account or scope.domain or "", await _state(deps, command, args)
    deps.admin.events.emit(CommandDone(actor=actor.name, action=name, object=what, before=before, after=after))
    return result


def _visible(command: Command, scope: Scope, actor: Actor, result: object) -> object:
    """Fails closed: a listing whose rows have no known domain is shown to nobody."""
    if not scope.is_listing:
        return result
    row_domain, permission = command.row_domain, command.permission
    if row_domain is None or not isinstance(result, list | tuple):
        raise TypeError("a listing of all domains has rows, and knows whose each is")
    if may(actor, permission, None):  # all of a long list
        return result
    domains = {grant.domain for grant in actor.grants if may(actor, permission, grant.domain)}
    return [row for row in result if row_domain(row) in domains]


def _allow(command: Command, args: Args, scope: Scope, actor: Actor) -> None:
    if scope.is_listing and may_somewhere(actor, command.permission):
        return
    demand(actor, command.permission, scope.domain)
    if command.also is not None and (also := command.also(args)) is not None:
        demand(actor, also, None)


async def _guard(deps: CommandDeps, name: str, args: Args, scope: Scope, actor: Actor) -> Use | None:
    """What a change needs beside the permission, and the approval it uses up; who has the machine needs nothing."""
    if actor.is_local:
        return None
    command, account = COMMANDS[name], None
    if scope.account is not None:
        row = await deps.admin.store.read(directory.account_by_address(scope.account))
        if row is not None:
            account = row.account
            await deps.admin.roles.demand_cover(account, actor)
    if command.is_dangerous or (command.also is not None and command.also(args) is not None):
        demand_fresh(actor, deps.admin.clock.now_ms())
    return await approved(deps, Asked(name, command, args, scope, actor, account))


def demand_fresh(actor: Actor, now_ms: int) -> None:
    """PermanentError(STEP_UP_NEEDED) when his last proof of identity, with a factor, is too long ago, or is to come."""
    at_ms = actor.stepped_up_at_ms
    if at_ms is None or not 0 <= now_ms - at_ms <= FRESH_S * 1000:  # a clock that was set back makes no proof fresh
        raise PermanentError(Reason.STEP_UP_NEEDED, "prove again who you are, with a factor")


async def _state(deps: CommandDeps, command: Command, args: Args) -> str:
    """What the event says of what is changed; "" where it is not there. Never a result: it may show a secret."""
    if command.before is None:
        return ""
    try:
        return msgspec.json.encode(await command.before(deps, args)).decode()[:TOLD_MAX]
    except PermanentError:
        return ""


def refusal(error: ReasonedError) -> Answer:
    """An error as the administrator reads it."""
    detail = error.detail or error.reason.value.replace("_", " ")
    return Answer(ok=False, error=error.reason.value, detail=detail, mend=MENDS.get(error.reason, ""))


def secret_hook(kind: type, value: object) -> object:
    """Passwords become Secret as they are decoded, so that no struct prints them."""
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise ValueError(f"not a {kind.__name__}")
