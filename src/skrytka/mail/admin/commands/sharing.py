"""Mailboxes that are shared with others. Whoever gives somebody a mailbox to read needs a second person to agree."""

from typing import Any, Final

from skrytka.mail.admin.access import DelegationInfo
from skrytka.mail.admin.base import parse_address
from skrytka.mail.admin.commands.base import (
    OPENS_A_MAILBOX,
    Args,
    Command,
    CommandDeps,
    Progress,
    Route,
    on_account,
)
from skrytka.mail.admin.sharing import EVERY
from skrytka.mail.identity.permissions import Permission, demand
from skrytka.model.actor import Actor


class ShareArgs(Args, frozen=True, kw_only=True):
    address: str  # whose mailbox
    delegate: str  # who may use it
    mailbox: str = EVERY  # by its name; "*": all, and those that come
    rights: str = "lr"  # of RFC 4314 2.1


class UnshareArgs(Args, frozen=True, kw_only=True):
    address: str
    delegate: str
    mailbox: str = EVERY


async def _share(deps: CommandDeps, args: ShareArgs, actor: Actor, _progress: Progress) -> object:
    """Somebody of a domain where the actor may not look is nobody to him."""
    demand(actor, Permission.ACCESS_READ, parse_address(args.delegate).domain.name)
    return await deps.admin.sharing.add(args.address, args.delegate, args.mailbox, args.rights, actor.name)


async def _unshare(deps: CommandDeps, args: Any, actor: Actor, _progress: Progress) -> object:
    return await deps.admin.sharing.remove(args.address, args.delegate, args.mailbox, actor.name)


SHARING: Final[dict[str, Command]] = {
    "delegation.mailbox.add": Command(
        args=ShareArgs,
        result=DelegationInfo,
        permission=Permission.ACCESS_WRITE,
        scope=on_account,
        run=_share,
        route=Route("POST", "/accounts/{address}/shares"),
        is_dangerous=True,
        takes_two=OPENS_A_MAILBOX,
    ),
    "delegation.mailbox.remove": Command(
        args=UnshareArgs,
        result=DelegationInfo,
        permission=Permission.ACCESS_WRITE,
        scope=on_account,
        run=_unshare,
        route=Route("DELETE", "/accounts/{address}/shares/{delegate}"),
    ),
}
