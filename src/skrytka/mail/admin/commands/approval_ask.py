"""Asking a second person: for which commands, with which arguments, why."""

from typing import Any, Final, get_origin

import msgspec

from skrytka.mail.admin.commands.access import ACCESS
from skrytka.mail.admin.commands.accounts import ACCOUNTS
from skrytka.mail.admin.commands.base import Args, Command, CommandDeps, Progress, Route, Scope, args_text
from skrytka.mail.admin.commands.directories import DIRECTORIES
from skrytka.mail.admin.commands.domains import DOMAINS
from skrytka.mail.admin.commands.factors import FACTORS
from skrytka.mail.admin.commands.logins import LOGIN_COMMANDS
from skrytka.mail.admin.commands.machines import MACHINES
from skrytka.mail.admin.commands.mail_programs import MAIL_PROGRAMS
from skrytka.mail.admin.commands.node import NODE_COMMANDS
from skrytka.mail.admin.commands.programs import PROGRAMS
from skrytka.mail.admin.commands.reports import REPORTS
from skrytka.mail.admin.commands.second_person import tell
from skrytka.mail.admin.commands.sharing import SHARING
from skrytka.mail.identity.approvals import ApprovalInfo
from skrytka.mail.identity.four_eyes import TakesTwo
from skrytka.mail.identity.permissions import Permission, demand
from skrytka.model.actor import Actor
from skrytka.model.errors import PermanentError, Reason

_TWO: Final[dict[str, tuple[Command, TakesTwo]]] = {
    name: (command, command.takes_two)
    for part in (
        *(NODE_COMMANDS, DOMAINS, ACCOUNTS, PROGRAMS, DIRECTORIES),
        *(MAIL_PROGRAMS, FACTORS, ACCESS, LOGIN_COMMANDS, MACHINES, REPORTS, SHARING),
    )
    for name, command in part.items()
    if command.takes_two is not None
}
ASKABLE: Final[dict[str, Command]] = {name: command for name, (command, two) in _TWO.items() if not two.instead}


class AskArgs(Args, frozen=True, kw_only=True):
    command: str
    args: dict[str, Any]  # as the command will have them
    reason: str


def _asked(args: AskArgs) -> tuple[Command, TakesTwo, Args]:
    if args.command not in _TWO:
        raise PermanentError(Reason.UNSUPPORTED, f"one person is enough for {args.command!r}, or it is no command")
    command, two = _TWO[args.command]
    if two.instead:
        said = f"nobody can agree to {args.command}, for a secret is in it: ask for {two.instead}"
        raise PermanentError(Reason.UNSUPPORTED, said)
    try:  # a command line has text alone
        return command, two, msgspec.convert(_listed(args.args, command), command.args, strict=False)
    except msgspec.ValidationError as exc:
        raise PermanentError(Reason.BAD_SYNTAX, str(exc)) from exc


def _listed(given: dict[str, Any], command: Command) -> dict[str, Any]:
    """One text where a list is wanted is a list of one: a command line cannot tell."""
    lists = {field.encode_name for field in msgspec.structs.fields(command.args) if get_origin(field.type) is tuple}
    return {name: [value] if name in lists and isinstance(value, str) else value for name, value in given.items()}


def _scope(args: AskArgs) -> Scope:
    command, _two, wanted = _asked(args)
    return command.scope(wanted)


async def _ask(deps: CommandDeps, args: AskArgs, actor: Actor, _progress: Progress) -> object:
    command, two, wanted = _asked(args)
    scope = command.scope(wanted)
    demand(actor, command.permission, scope.domain)
    if scope.account is not None:
        await deps.admin.accounts.show(scope.account)  # nobody is asked about an account that is not there
    info = await deps.admin.approvals.ask(args.command, two.kind, args_text(wanted, scope), args.reason, actor)
    tell(deps, actor, "ask", info.id, args.command, scope, args.reason)
    return info


APPROVAL_ASK: Final[dict[str, Command]] = {
    "approval.ask": Command(
        args=AskArgs,
        result=ApprovalInfo,
        permission=Permission.APPROVAL_ASK,
        scope=_scope,
        run=_ask,
        route=Route("POST", "/approvals"),
    ),
}
