"""What was asked of a second person: seen, and decided by him."""

from typing import Any, Final

import msgspec

from skrytka.mail.admin.commands.base import Args, Command, CommandDeps, NoArgs, Progress, Route, Scope, on_node
from skrytka.mail.admin.commands.second_person import tell
from skrytka.mail.identity.approvals import ApprovalInfo
from skrytka.mail.identity.permissions import Permission
from skrytka.model.actor import Actor


class ApprovalArgs(Args, frozen=True, kw_only=True):
    id: str


class DecideArgs(Args, frozen=True, kw_only=True):
    id: str
    reason: str
    is_approved: bool


async def _decide(deps: CommandDeps, args: DecideArgs, actor: Actor, _progress: Progress) -> object:
    info = await deps.admin.approvals.decide(args.id, args.reason, actor, is_approved=args.is_approved)
    action = "approve" if args.is_approved else "refuse"
    tell(deps, actor, action, info.id, info.command, Scope(account=_whom(info)), args.reason)
    return info


async def _own(deps: CommandDeps, _args: NoArgs, actor: Actor, _progress: Progress) -> object:
    return await deps.admin.approvals.own(actor)


def _whom(info: ApprovalInfo) -> str:
    """The account that it is about; "" where it is about none."""
    found: dict[str, Any] = msgspec.json.decode(info.args)
    return str(found.get("address", ""))


APPROVALS: Final[dict[str, Command]] = {
    "approval.list": Command(
        args=NoArgs,
        result=list[ApprovalInfo],
        permission=Permission.APPROVAL_READ,
        scope=on_node,
        run=lambda deps, _args, _actor, _: deps.admin.approvals.list(),
        route=Route("GET", "/approvals"),
    ),
    "approval.show": Command(
        args=ApprovalArgs,
        result=ApprovalInfo,
        permission=Permission.APPROVAL_READ,
        scope=on_node,
        run=lambda deps, args, _actor, _: deps.admin.approvals.get(args.id),
        route=Route("GET", "/approvals/{id}"),
    ),
    "approval.own": Command(
        args=NoArgs,
        result=list[ApprovalInfo],
        permission=Permission.OWN,
        scope=on_node,
        run=_own,
        route=Route("GET", "/own/approvals"),
    ),
    "approval.decide": Command(
        args=DecideArgs,
        result=ApprovalInfo,
        permission=Permission.APPROVAL_DECIDE,
        scope=on_node,
        is_dangerous=True,
        run=_decide,
        route=Route("POST", "/approvals/{id}/decision"),
    ),
}
