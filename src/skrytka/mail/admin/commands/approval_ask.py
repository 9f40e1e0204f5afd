"""Asking a second person: for which commands, with which arguments, why."""

from typing import Any, Final

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
from skrytka.mail.identity.permissions import Permission, demand
from skrytka.model.actor import Actor
from skrytka.model.errors import PermanentError, Reason

ASKABLE: Final[dict[str, Command]] = {
    name: command
    for part in (
        *(NODE_COMMANDS, DOMAINS, ACCOUNTS, PROGRAMS, DIRECTORIES),
        *(MAIL_PROGRAMS, FACTORS, ACCESS, LOGIN_COMMANDS, MACHINES, REPORTS, SHARING),
    )
    for name, command in part.items()
    if command.takes_two is not None and not command.takes_two.instead
}


class AskArgs(Args, frozen=True, kw_only=True):
    command: str
    args: dict[str, Any]  # as the command will have them
    reason: str


def _asked(args: AskArgs) -> tuple[Command, Args]:
    command = ASKABLE.get(args.command)
    if command is None:
        raise PermanentError(Reason.UNSUPPORTED, f"one person is enough for {args.command!r}, or it is no command")
    try:
        return command, msgspec.convert(args.args, command.args, strict=False)  # a command line has text alone
    except msgspec.ValidationError as exc:
        raise PermanentError(Reason.BAD_SYNTAX, str(exc)) from exc


def _scope(args: AskArgs) -> Scope:
    command, wanted = _asked(args)
    return command.scope(wanted)


async def _ask(deps: CommandDeps, args: AskArgs, actor: Actor, _progress: Progress) -> object:
    command, wanted = _asked(args)
    scope, two = command.scope(wanted), command.takes_two
    demand(actor, command.permission, scope.domain)
    if two is None:
        raise TypeError("only what takes two can be asked for")
    info = await deps.admin.approvals.ask(args.command, two.kind, args_text(wanted), args.reason, actor)
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
